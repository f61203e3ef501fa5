"""Who writes."""

from datetime import datetime

from django.conf import settings
from django.db import models


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
    created = models.DateTimeField(auto_now_add=True)
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="authors"
    )  # a moderator who answers readers
    trust = models.CharField(max_length=7, choices=Trust, default=Trust.NEW, db_default=Trust.NEW)
    banned_at = models.DateTimeField(null=True, blank=True)
    banned_until = models.DateTimeField(null=True, blank=True)  # null while banned: for good
    ban_reason = models.CharField(max_length=500, default="", db_default="", blank=True)
    is_shadow_banned = models.BooleanField("shadow banned", default=False, db_default=False)

    def is_banned(self, now: datetime) -> bool:
        return self.banned_at is not None and (self.banned_until is None or now < self.banned_until)

    def __str__(self) -> str:
        return self.name or f"guest {self.pk}"
