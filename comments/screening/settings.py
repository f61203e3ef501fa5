"""What phases go by: a site's rules, with their lists compiled when a phase first asks."""

from functools import cached_property

from comments.screening.history import History, LiveHistory
from comments.screening.models import SiteRules
from comments.screening.senders import Emails, Ranges, blocked_emails, blocked_ranges
from comments.screening.words import WordList, compiled


class Settings:
    """`fields` are the rules as their owner wrote them, saved or not."""

    def __init__(self, fields: SiteRules, history: History | None = None) -> None:
        self.fields = fields
        self.history: History = history or LiveHistory()

    @cached_property
    def rejected_words(self) -> WordList:
        return compiled(self.fields.rejected_words)

    @cached_property
    def held_words(self) -> WordList:
        return compiled(self.fields.held_words)

    @cached_property
    def emails(self) -> Emails:
        return blocked_emails(self.fields.blocked_emails)

    @cached_property
    def ranges(self) -> Ranges:
        return blocked_ranges(self.fields.blocked_addresses)
