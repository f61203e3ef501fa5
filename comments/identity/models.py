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
    browser keeps is all that ties their posts together."""

    class Trust(models.TextChoices):
        NEW = "new"
        TRUSTED = "trusted", "Trusted: never held"
        WATCHED = "watched", "Watched: always held"

    site = models.ForeignKey("comments.Site", models.CASCADE, related_name="authors")
    name = models.CharField(max_length=64, blank=True)
    email = models.EmailField(blank=True, help_text="Private; never in a public answer.")
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
            )
        ]

    def is_banned(self, now: datetime) -> bool:
        return self.banned_at is not None and (self.banned_until is None or now < self.banned_until)

    def __str__(self) -> str:
        return self.name or f"guest {self.pk}"
