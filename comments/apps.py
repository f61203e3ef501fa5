"""The one Django app: its slices share a label, a migration history and an admin."""

from django.apps import AppConfig


class CommentsConfig(AppConfig):
    name = "comments"
    verbose_name = "Kibitz"

    def ready(self) -> None:
        from comments import checks  # noqa: F401  registers the system checks
