"""A site's rules, why something was held, and what its classifier has learned."""

import secrets
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from comments.screening.calls import fault_of
from comments.screening.senders import parse_emails, parse_ranges
from comments.screening.submission import Kind, Outcome
from comments.screening.words import parse

REASON_MAX_CHARS = 500


def validate_words(text: str) -> None:
    """Raises ValidationError with the line of each thing that is wrong."""
    _raise(parse(text).problems)


def validate_emails(text: str) -> None:
    """The same for e-mail addresses."""
    _raise(parse_emails(text).problems)


def validate_addresses(text: str) -> None:
    """The same for network addresses."""
    _raise(parse_ranges(text).problems)


def validate_service(url: str) -> None:
    """Raises ValidationError where the address of a service cannot be called."""
    if fault := fault_of(url):
        raise ValidationError(fault)


def _raise(problems: list[str]) -> None:
    if problems:
        raise ValidationError(problems)


def _words(name: str, help_text: str) -> "models.TextField[str, str]":
    return models.TextField(name, blank=True, default="", validators=[validate_words], help_text=help_text)


def _percent(name: str, default: int, help_text: str) -> "models.PositiveSmallIntegerField[int, int]":
    return models.PositiveSmallIntegerField(
        name,
        default=default,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text=help_text,
    )


class SiteRules(models.Model):
    """Which phases a site's posts go through, in which order, and what each of them goes by. A site without a
    row has no rules."""

    site = models.OneToOneField("comments.Site", models.CASCADE, related_name="rules")
    phases = models.JSONField(
        default=list, blank=True
    )  # [{"phase": name, "is_on": bool}], see rules.arranged
    rejected_words = _words(
        "words that are refused",
        "One word or phrase a line, or a regular expression between slashes: /crypto.?coin/. "
        "Found as whole words, in the text, its links and the name, whatever the case.",
    )
    held_words = _words("words that are held", "Written the same way. At most 100,000 lines in each list.")
    max_links = models.PositiveSmallIntegerField(
        "links at most", default=3, help_text="A comment with more of them is held."
    )
    min_seconds = models.PositiveSmallIntegerField(
        "seconds at least", default=3, help_text="Who opened the form and sent it in less time is held."
    )
    repeats_minutes = models.PositiveIntegerField(
        "within so many minutes",
        default=60,
        validators=[MinValueValidator(1), MaxValueValidator(43_200)],
        help_text="The same text again within this time is held.",
    )
    first_posts = models.PositiveSmallIntegerField(
        "approved comments",
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(1_000)],
        help_text="So many of an author's comments have to be approved before others show at once.",
    )
    spam_hold_percent = _percent("held from (%)", 70, "How sure the filter has to be to hold a comment.")
    spam_percent = _percent("spam from (%)", 95, "How sure it has to be to put it among the spam.")
    blocked_emails = models.TextField(
        "e-mail addresses",
        blank=True,
        default="",
        validators=[validate_emails],
        help_text="One a line; *@example.org is all of a domain.",
    )
    blocked_addresses = models.TextField(
        "network addresses",
        blank=True,
        default="",
        validators=[validate_addresses],
        help_text="One address or range a line: 192.0.2.7, 192.0.2.0/24, 2001:db8::/32.",
    )
    akismet_key = models.CharField(
        "key",
        max_length=100,
        blank=True,
        default="",
        help_text="From akismet.com. Without one it is not asked.",
    )
    external_url = models.CharField(
        "address",
        max_length=500,
        blank=True,
        default="",
        validators=[validate_service],
        help_text="https://… Comments are sent there as JSON and wait for its answer. Without one nobody is "
        "asked.",
    )
    external_secret = models.CharField(
        "secret",
        max_length=200,
        blank=True,
        default="",
        help_text="Signs what is sent there (SECURITY.md); made when it is empty.",
    )
    changed = models.DateTimeField(auto_now=True)  # tells processes that keep the rules to read them again

    class Meta:
        verbose_name = verbose_name_plural = "rules"

    def __str__(self) -> str:
        return f"rules of {self.site}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.external_secret = self.external_secret or secrets.token_urlsafe(32)
        super().save(*args, **kwargs)


class HeldFor(models.Model):
    """Why a post was held; for moderators."""

    post = models.ForeignKey("comments.Post", models.CASCADE, related_name="held_for")
    phase = models.CharField(max_length=32)
    outcome = models.CharField(max_length=6, choices=[(each.value, each.value) for each in Outcome])
    reason = models.CharField(max_length=REASON_MAX_CHARS)
    created = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.phase}: {self.reason}"


class SpamModel(models.Model):
    """What a site's classifier has learned. It is made anew as a whole, from the site's examples."""

    site = models.OneToOneField("comments.Site", models.CASCADE, related_name="spam_model")
    version = models.PositiveIntegerField()  # of the features that the weights are of
    weights = models.BinaryField()
    threshold = models.FloatField()
    spam_examples = models.PositiveIntegerField()
    good_examples = models.PositiveIntegerField()
    trained_at = models.DateTimeField()

    site_id: int

    def __str__(self) -> str:
        return f"{self.spam_examples + self.good_examples} examples, {self.trained_at:%Y-%m-%d %H:%M}"


class Check(models.Model):
    """A post that waits for what services on the network say of it; gone when they have said it.

    Whoever takes it adds to `tries` and puts `next_try` off, so that it is taken again should they die. The
    address and what the browser calls itself are kept no longer than this.
    """

    post = models.OneToOneField("comments.Post", models.CASCADE, related_name="awaited_check")
    site = models.ForeignKey(
        "comments.Site", models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    kind = models.CharField(max_length=6, choices=[(each.value, each.value) for each in Kind])
    address = models.CharField(max_length=64, blank=True)
    user_agent = models.CharField(max_length=500, blank=True)
    # What a moderator decided against Akismet, which is told; "" where the post waits for what services say.
    report = models.CharField(
        max_length=4, blank=True, default="", db_default="", choices=[("spam", "spam"), ("ham", "ham")]
    )
    tries = models.PositiveSmallIntegerField(default=0)
    next_try = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.kind} {self.post_id}"
