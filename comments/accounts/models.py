"""What staff's logins need besides allauth's own tables."""

from django.db import models


class CacheEntry(models.Model):
    """Django's cache (DatabaseCache has these columns): how often somebody failed to log in, and which
    one-time codes were used. Here rather than in Redis, so that no attempt is uncounted while Redis is away,
    and nobody is kept out by it: whoever logs in needs this database anyway."""

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name_plural = "cache entries"

    def __str__(self) -> str:
        return self.cache_key
