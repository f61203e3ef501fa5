"""Mail on its way: a row is all that there is to it, until a worker has handed it to the mail server."""

import uuid

from django.db import models


class Mail(models.Model):
    class State(models.TextChoices):
        WAITING = "waiting"
        SENT = "sent"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    to = models.EmailField()
    template = models.SlugField(max_length=32)
    language = models.CharField(max_length=8)
    context = models.JSONField(
        default=dict
    )  # for the template; emptied when the mail is on its way or given up
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    due = models.DateTimeField()  # not to be tried before
    expires = models.DateTimeField()  # of no use after
    created = models.DateTimeField()

    class Meta:
        verbose_name_plural = "mail"
        indexes = [
            models.Index(fields=["due"], condition=models.Q(state="waiting"), name="mail_waiting"),
            models.Index(fields=["expires"], name="mail_expires"),
            models.Index(fields=["tries"], condition=models.Q(state="failed"), name="mail_failed"),
        ]

    def __str__(self) -> str:
        return f"{self.template} to {self.to}: {self.state}"
