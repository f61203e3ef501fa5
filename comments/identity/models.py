"""Who writes."""

from base64 import b32encode
from datetime import datetime
from secrets import token_bytes
from typing import Final

from django.conf import settings
from django.db import models

PUBLIC_KEY_CHARS: Final = 12  # 60 bits: of a site's authors no two have the same


def new_public_key() -> str:
    """12 random characters of a-z2-7."""
    return b32encode(token_bytes(8))[:PUBLIC_KEY_CHARS].decode().lower()


class Author(models.Model):
    """A commenter of one site. A guest is as many authors as they have browsers: the signed token that the
    browser keeps is all that ties their posts together. A member has proved who they are and comes back
    through a session; a guest's token opens nothing of theirs."""

    class Trust(models.TextChoices):
        NEW = "new"
        TRUSTED = "trusted", "Trusted: never held"
        WATCHED = "watched", "Watched: always held"

    site = models.ForeignKey("comments.Site", models.CASCADE, related_name="authors")
    name = models.CharField(max_length=64, blank=True)
    email = models.EmailField(blank=True, help_text="Private; never in a public answer.")
    is_member = models.BooleanField("member", default=False, db_default=False)
    # A code that went there came back, or who answers for it says so; in lower case then.
    is_email_verified = models.BooleanField("e-mail verified", default=False, db_default=False)
    badge = models.CharField(
        max_length=24, default="", db_default="", blank=True
    )  # by the site's own sign-in
    # What readers' browsers call the author by; of an author of another site it says nothing.
    public_key = models.CharField(max_length=12, default=new_public_key, db_default="", editable=False)
    created = models.DateTimeField(auto_now_add=True)
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="authors"
    )  # a moderator who answers readers
    trust = models.CharField(max_length=7, choices=Trust, default=Trust.NEW, db_default=Trust.NEW)
    banned_at = models.DateTimeField(null=True, blank=True)
    banned_until = models.DateTimeField(null=True, blank=True)  # null while banned: for good
    ban_reason = models.CharField(max_length=500, default="", db_default="", blank=True)
    is_shadow_banned = models.BooleanField("shadow banned", default=False, db_default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["site", "staff"], condition=models.Q(staff__isnull=False), name="author_of_staff"
            ),
            models.UniqueConstraint(
                fields=["site", "email"], condition=models.Q(is_email_verified=True), name="author_of_email"
            ),
        ]
        indexes = [
            models.Index(fields=["public_key"], condition=models.Q(is_member=True), name="member_by_key")
        ]

    def is_banned(self, now: datetime) -> bool:
        return self.banned_at is not None and (self.banned_until is None or now < self.banned_until)

    def __str__(self) -> str:
        return self.name or f"guest {self.pk}"


class Identity(models.Model):
    """A way in of a member beside their e-mail address: who answers for them, and their name there."""

    SSO: Final = "sso"  # the site itself, by a signed token
    PASSKEY: Final = "passkey"  # else a provider of django-allauth, by its id

    author = models.ForeignKey(Author, models.CASCADE, related_name="identities")
    site = models.ForeignKey(
        "comments.Site", models.CASCADE, related_name="+"
    )  # the author's, for the constraint
    provider = models.CharField(max_length=64)
    subject = models.CharField(max_length=255)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "identities"
        constraints = [
            models.UniqueConstraint(fields=["site", "provider", "subject"], name="identity_subject")
        ]

    def __str__(self) -> str:
        return f"{self.provider}: {self.subject}"


class Session(models.Model):
    """A browser in which a member is signed in. It keeps a secret, as a cookie or, where that does not come
    back, as a bearer token; here is its SHA-256 alone."""

    author = models.ForeignKey(Author, models.CASCADE, related_name="sessions")
    digest = models.CharField(max_length=64, unique=True)
    is_bearer = models.BooleanField(default=False)
    earlier_digest = models.CharField(
        max_length=64, blank=True, db_index=True
    )  # of a bearer's secret before this
    renewed = models.DateTimeField()
    created = models.DateTimeField()
    used = models.DateTimeField()  # to the hour
    expires = models.DateTimeField(db_index=True)
    provider = models.CharField(max_length=64, blank=True)  # an Identity's; "" for the e-mail's code

    def __str__(self) -> str:
        return f"{self.author} since {self.created:%Y-%m-%d}"
