"""A site: one tenant, known by its public key."""

from django.contrib.auth.models import Group
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models

from comments.sites.stylesheet import validate_stylesheet
from comments.sites.texts import validate_overrides

SITE_KEY_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z"


class Site(models.Model):
    class Moderation(models.TextChoices):
        POST = "post", "Show at once, moderate after"
        PRE = "pre", "Hold until a moderator approves"

    class Realtime(models.TextChoices):
        ON = "on", "On"
        DARK = "dark", "Dark: readers connect but show nothing of it"
        OFF = "off", "Off"

    class GuestEmail(models.TextChoices):
        OFF = "off", "Name only"
        OPTIONAL = "optional", "Name, and e-mail if they like"
        REQUIRED = "required", "Name and e-mail"

    key = models.CharField(
        max_length=64,
        unique=True,
        validators=[
            RegexValidator(SITE_KEY_PATTERN, "Letters, digits, dot, hyphen and underscore; at most 64.")
        ],
        help_text="Public; stands in the page's snippet as data-site.",
    )
    name = models.CharField(max_length=200, blank=True)
    origins = models.JSONField(
        default=list, help_text='Where the comments may be embedded, e.g. ["https://blog.example.org"].'
    )
    guests_may_post = models.BooleanField(default=True)
    guest_email = models.CharField(
        "what guests are asked for",
        max_length=8,
        choices=GuestEmail,
        default=GuestEmail.OFF,
        db_default=GuestEmail.OFF,
    )
    moderation = models.CharField(max_length=4, choices=Moderation, default=Moderation.POST)
    has_votes = models.BooleanField("votes", default=True)
    has_presence = models.BooleanField("reader and typing counts", default=True)
    edit_window_seconds = models.PositiveIntegerField(
        default=900,
        validators=[MinValueValidator(0)],
        help_text="How long authors may edit and delete; 0 = never.",
    )
    max_posts_per_minute = models.PositiveIntegerField(
        "posts a minute", default=600, help_text="From everybody together; 0 = any number."
    )
    max_votes_per_minute = models.PositiveIntegerField(
        "votes and flags a minute", default=3_000, help_text="From everybody together; 0 = any number."
    )
    realtime = models.CharField(max_length=4, choices=Realtime, default=Realtime.ON)
    texts = models.JSONField(
        "texts of its own",
        default=dict,
        blank=True,
        validators=[validate_overrides],
        help_text='In place of ours, by language: {"en": {"placeholder": "Say hello…", "comments": '
        '{"one": "{n} voice", "other": "{n} voices"}}}. embed/OWNERS.md lists the keys.',
    )
    stylesheet = models.TextField(
        "stylesheet of its own",
        default="",
        blank=True,
        validators=[validate_stylesheet],
        help_text="CSS that comes after Kibitz's own, in the comments' frame. It can load nothing. "
        "embed/OWNERS.md lists the tokens and classes.",
    )
    is_unlimited = models.BooleanField(
        default=False, help_text="No posting limits and no automatic hold: for load tests and demos."
    )
    is_indexed = models.BooleanField(
        "search engines may index the pages without JavaScript",
        default=True,
        help_text="They name the site's own page as the one to show.",
    )
    closes_after_days = models.PositiveIntegerField(
        "close threads after (days)",
        default=0,
        db_default=0,
        help_text="After its first comment; 0 = never. A thread that a moderator opens again stays open.",
    )
    created = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name or self.key


class SiteGroup(models.Model):
    """Django's group of those who have a role on one site; what its members may, they may there alone."""

    class Role(models.TextChoices):
        OWNER = "owner"
        MODERATOR = "moderator"

    site = models.ForeignKey(Site, models.CASCADE, related_name="groups")
    group = models.OneToOneField(Group, models.CASCADE, related_name="of_site")
    role = models.CharField(max_length=9, choices=Role)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "role"], name="site_group_role")]

    def __str__(self) -> str:
        return str(self.group)
