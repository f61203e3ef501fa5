"""What moderators did: who, when, why, from what to what."""

from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models


class Action(models.Model):
    """One thing that a moderator did; written in its own transaction and never altered. On PostgreSQL a
    trigger sees to that as well.

    `before` and `after` name what changed. A text that was erased is in neither. Who did it and what it was
    done to are numbers without constraint, so that the row outlives them.
    """

    class Kind(models.TextChoices):
        APPROVE = "approve"
        REJECT = "reject"
        SPAM = "spam"
        DELETE = "delete"
        EDIT = "edit"
        UNDO = "undo"
        BAN = "ban"
        UNBAN = "unban"
        SHADOW = "shadow", "shadow ban"
        TRUST = "trust"
        NOTE = "note"
        SIGN_OUT = "sign_out", "signed out everywhere"
        PICTURE = "picture", "picture taken away"
        PIN = "pin"
        UNPIN = "unpin"
        FEATURE = "feature"
        UNFEATURE = "unfeature"
        REPLY = "reply"
        THREAD = "thread", "thread settings"
        SITE = "site", "site settings"
        TEAM = "team"
        FACTOR = "factor", "second factor"  # of an account, and so of no site

    site = models.ForeignKey(
        "comments.Site",
        models.DO_NOTHING,
        related_name="actions",
        db_constraint=False,
        db_index=False,
        null=True,
    )
    kind = models.CharField(max_length=9, choices=Kind)
    by = models.CharField(max_length=150)  # the name of the account, for the row outlives it
    by_id = models.BigIntegerField(null=True)
    batch = models.UUIDField(db_index=True)  # what one gesture did
    post_id = models.BigIntegerField(null=True)
    author_id = models.BigIntegerField(null=True)
    thread_id = models.BigIntegerField(null=True)
    before: "models.JSONField[dict[str, Any]]" = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    after: "models.JSONField[dict[str, Any]]" = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    reason = models.CharField(max_length=500, blank=True)
    created = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["site", "created", "id"], name="action_of_site"),
            models.Index(
                fields=["post_id", "id"], condition=models.Q(post_id__isnull=False), name="action_post"
            ),
            models.Index(
                fields=["author_id", "id"], condition=models.Q(author_id__isnull=False), name="action_author"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.by}: {self.get_kind_display()}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("what was done is not altered")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("what was done is not deleted")
