"""Who writes."""

from django.db import models


class Author(models.Model):
    """A commenter of one site. A guest is as many authors as they have browsers: the signed token that the
    browser keeps is all that ties their posts together."""

    site = models.ForeignKey("comments.Site", models.CASCADE, related_name="authors")
    name = models.CharField(max_length=64, blank=True)
    email = models.EmailField(blank=True, help_text="Private; never in a public answer.")
    created = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name or f"guest {self.pk}"
