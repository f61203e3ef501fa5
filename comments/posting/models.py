"""What readers do to posts."""

from django.db import models


class Vote(models.Model):
    post = models.ForeignKey("comments.Post", models.CASCADE, related_name="votes")
    author = models.ForeignKey("comments.Author", models.CASCADE, related_name="votes")
    value = models.SmallIntegerField()  # 1 or -1

    class Meta:
        constraints = [models.UniqueConstraint(fields=["post", "author"], name="vote_post_author")]

    def __str__(self) -> str:
        return f"{self.value:+d} on {self.post_id}"


class Flag(models.Model):
    """A reader's report of a post to the moderators."""

    post = models.ForeignKey("comments.Post", models.CASCADE, related_name="flags")
    author = models.ForeignKey("comments.Author", models.CASCADE, related_name="flags")
    reason = models.CharField(max_length=500, blank=True)
    created = models.DateTimeField()
    is_open = models.BooleanField(default=True, db_default=True)  # no moderator has decided since

    class Meta:
        constraints = [models.UniqueConstraint(fields=["post", "author"], name="flag_post_author")]

    def __str__(self) -> str:
        return f"flag on {self.post_id}"
