"""Which of a site's comments are examples: what moderators have decided, or left standing."""

from datetime import datetime, timedelta
from typing import Final

from django.db.models import Exists, OuterRef, Q, QuerySet

from comments.audit.models import Action
from comments.screening.models import SiteRules, SpamModel
from comments.screening.rules import arranged
from comments.screening.spam.training import Example
from comments.sites.models import Site
from comments.threads.models import Post

MOST_OF_A_KIND: Final = 5_000  # the newest: spam changes
VERDICTS_DUE: Final = 20
CONFIRMED_AFTER: Final = timedelta(days=3)  # public for so long, and nobody has reported it


def verdicts_of(site: Site, *, now: datetime) -> list[Example]:
    """The newest of either kind, grouped by their pages. What moderators hid may be rude and no spam, and
    what nobody but a phase called spam may be good: they are neither."""
    of_site = Post.objects.filter(site=site)
    decided = Action.objects.filter(post_id=OuterRef("pk"))
    spam = of_site.filter(Exists(decided.filter(kind=Action.Kind.SPAM)), status=Post.Status.SPAM)
    is_old = Q(created__lte=now - CONFIRMED_AFTER, open_flags=0)
    is_approved = Exists(decided.filter(kind=Action.Kind.APPROVE))
    good = of_site.filter(is_old | Q(is_approved), status=Post.Status.PUBLISHED, is_listed=True)
    return [*_examples(good, is_spam=False), *_examples(spam, is_spam=True)]


def due_sites() -> list[Site]:
    """The sites whose filter is on and whose moderators have given twenty verdicts since it learned last."""
    due = []
    for rules in SiteRules.objects.select_related("site"):
        if not any(each == ("classifier", True) for each in arranged(rules.phases)):
            continue
        trained = SpamModel.objects.filter(site=rules.site).values_list("trained_at", flat=True).first()
        verdicts = Action.objects.filter(
            site=rules.site, kind__in=[Action.Kind.SPAM, Action.Kind.APPROVE, Action.Kind.REJECT]
        )
        if trained is not None:
            verdicts = verdicts.filter(created__gt=trained)
        if len(verdicts.values_list("pk")[:VERDICTS_DUE]) == VERDICTS_DUE:
            due.append(rules.site)
    return due


def _examples(posts: QuerySet[Post], *, is_spam: bool) -> list[Example]:
    newest = posts.order_by("-created", "-pk").values_list("body", "thread_id")[:MOST_OF_A_KIND]
    return [Example(body, is_spam, group=f"thread {thread}") for body, thread in newest]
