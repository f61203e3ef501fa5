"""How readers may sign in to a site, and what is kept while they do."""

import uuid
from typing import Final

from django.db import models


class SiteSignIn(models.Model):
    """The ways in of one site; a site without a row has those that are the defaults here."""

    class Algorithm(models.TextChoices):
        NONE = "", "Off"
        HS256 = "HS256", "HS256: a secret that both know"
        EDDSA = "EdDSA", "Ed25519: the site's public key"

    site = models.OneToOneField("comments.Site", models.CASCADE, related_name="sign_in")
    has_codes = models.BooleanField("e-mail codes", default=True)
    has_passkeys = models.BooleanField("passkeys", default=True)
    providers = models.JSONField(default=list, blank=True)  # ids of those that the operator has set up
    sso_algorithm = models.CharField(
        "single sign-on", max_length=5, choices=Algorithm, default=Algorithm.NONE, blank=True
    )
    sso_key = models.TextField("secret or public key", blank=True)
    sso_issuer = models.CharField("issuer", max_length=200, blank=True)
    sso_url = models.URLField("the site's own sign-in page", blank=True)

    def __str__(self) -> str:
        return f"sign-in of {self.site}"


class EmailCode(models.Model):
    """Six digits on their way to an address; `id` is known to the browser that asked, and to no other.

    With a `session` they sign nobody in: who has that wants the address added to their account."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    site = models.ForeignKey("comments.Site", models.CASCADE, related_name="+")
    session = models.ForeignKey("comments.Session", models.CASCADE, null=True, related_name="+")
    email = models.EmailField()  # in lower case
    name = models.CharField(max_length=64, blank=True)  # for an author who is new
    digest = models.CharField(max_length=64)
    tries = models.PositiveSmallIntegerField(default=0)
    is_used = models.BooleanField(default=False)
    mail = models.ForeignKey("comments.Mail", models.SET_NULL, null=True, related_name="+")
    # A way in that said it was this address's, to be added when the code proves it: {"provider", "subject"}.
    identity = models.JSONField(null=True)
    created = models.DateTimeField()
    expires = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"code to {self.email}"


class Handoff(models.Model):
    """A sign-in that a popup has finished, for the frame that opened it: who knows the challenge's verifier
    and the code, or the digits that the popup shows where it cannot reach the frame, gets the session.

    With a `session` it is none: who has that wanted to add a way in, before there was a popup."""

    site = models.ForeignKey("comments.Site", models.CASCADE, related_name="+")
    session = models.ForeignKey("comments.Session", models.CASCADE, null=True, related_name="+")
    challenge = models.CharField(max_length=43, unique=True)  # base64url(SHA-256(verifier)), unpadded
    code_digest = models.CharField(max_length=64)
    digits_digest = models.CharField(max_length=64)
    profile = models.JSONField()  # who came back: identity.members.Profile; empty until then
    tries = models.PositiveSmallIntegerField(default=0)
    is_used = models.BooleanField(default=False)
    created = models.DateTimeField()
    expires = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"handoff to {self.site}"


class UsedToken(models.Model):
    """A single sign-on token that was taken; the same one again is not."""

    site = models.ForeignKey("comments.Site", models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64)  # of its `jti`
    expires = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "digest"], name="used_token_once")]

    def __str__(self) -> str:
        return f"used on {self.site}"


class Passkey(models.Model):
    """A reader's passkey, good on every site of this Kibitz: `handle` is the subject of their identities."""

    handle = models.CharField(max_length=86, db_index=True)  # base64url of 64 random bytes
    credential_id = models.CharField(max_length=1400, unique=True)  # base64url; at most 1,023 bytes
    credential = models.TextField()  # base64url of the attested credential data
    sign_count = models.BigIntegerField(default=0)
    name = models.CharField(max_length=64, blank=True)  # its owner's, for an author who is new
    created = models.DateTimeField()
    used = models.DateTimeField()
    # Until somebody comes in by it for the first time; then null.
    expires = models.DateTimeField(null=True, db_index=True)

    def __str__(self) -> str:
        return f"passkey of {self.name or self.handle[:8]}"


class Avatar(models.Model):
    """A member's picture, re-encoded, or that they want none. `wanted` is where who signed them in says that
    one is; it is to be fetched where there is a `due`."""

    UPLOAD: Final = "upload"
    GRAVATAR: Final = "gravatar"
    NONE: Final = "none"  # taken away by its owner, or by a moderator
    CHOSEN: Final = (UPLOAD, GRAVATAR, NONE)
    SITE: Final = "site"  # its single sign-on

    author = models.OneToOneField("comments.Author", models.CASCADE, related_name="picture")
    image = models.BinaryField(null=True)  # WebP
    version = models.CharField(max_length=10, blank=True)  # the first hex digits of its SHA-256
    source = models.CharField(max_length=12, blank=True)  # of CHOSEN; else SITE, or a provider
    wanted = models.URLField(max_length=500, blank=True)
    due = models.DateTimeField(null=True, db_index=True)
    tries = models.PositiveSmallIntegerField(default=0, db_default=0)
    changed = models.DateTimeField()

    def __str__(self) -> str:
        return f"picture of {self.author}"
