"""What moderators keep about posts and authors."""

from django.conf import settings
from django.db import models


class Claim(models.Model):
    """Somebody looks after a post just now; nobody else acts on it meanwhile, unless they take it over."""

    post = models.OneToOneField("comments.Post", models.CASCADE, related_name="claim")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.by} until {self.until}"


class ErasedText(models.Model):
    """What a moderator's deletion took away, for as long as it can be undone and no longer."""

    post = models.OneToOneField("comments.Post", models.CASCADE, related_name="+")
    body = models.TextField()
    html = models.TextField()
    until = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"of post {self.post_id}"


class AuthorNote(models.Model):
    """What a moderator wants the others to know of an author."""

    author = models.ForeignKey("comments.Author", models.CASCADE, related_name="notes")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    text = models.TextField(max_length=2_000)
    created = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.text[:60]
