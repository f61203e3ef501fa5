"""The numbered event row: outbox and replay log in one."""

from django.db import models
from django.db.models import Q


class Event(models.Model):
    """One visible change of a thread; written in the change's own transaction and never altered after it.

    `data` is the public JSON, made once. `is_done` turns true when a formatter has published it.
    """

    thread = models.ForeignKey("comments.Thread", models.CASCADE, related_name="events")
    key = models.CharField(max_length=26)
    epoch = models.CharField(max_length=16)
    seq = models.BigIntegerField()
    data = models.TextField()
    created = models.DateTimeField()
    is_done = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["thread", "seq"], name="event_thread_seq")]
        indexes = [models.Index(fields=["id"], condition=Q(is_done=False), name="event_not_done")]

    def __str__(self) -> str:
        return f"{self.key} {self.epoch}/{self.seq}"
