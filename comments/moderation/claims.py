"""Who looks after which post just now."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

from django.db import transaction

from comments.audit.services import Gesture
from comments.moderation.models import Claim
from comments.sites.moderators import tell_moderators
from comments.sites.roles import MODERATE, sites_of
from comments.threads.models import Post

CLAIM_SECONDS: Final = 60  # an open page renews its claims every 20 s; a closed one gives them back so


def claim(ids: Iterable[int], gesture: Gesture, *, take_over: bool = False) -> dict[int, str]:
    """Claims the posts for a minute, or renews that; who has each of them now, by account name. Posts that
    this moderator may not see are left out."""
    if gesture.by is None:
        return {}
    with transaction.atomic():
        # Locked, so that of two who claim one at the same moment one is told that the other has it.
        posts = list(
            Post.objects.filter(pk__in=list(ids), site__in=sites_of(gesture.by, MODERATE))
            .order_by("pk")
            .select_for_update(no_key=True)
        )
        others = {} if take_over else claimed_by_others(posts, gesture)
        own = [post for post in posts if post.pk not in others]
        had = set(Claim.objects.filter(post__in=own, by_id=gesture.by.pk).values_list("post_id", flat=True))
        Claim.objects.bulk_create(
            [
                Claim(post=post, by_id=gesture.by.pk, until=gesture.now + timedelta(seconds=CLAIM_SECONDS))
                for post in own
            ],
            update_conflicts=True,
            unique_fields=["post"],
            update_fields=["by", "until"],
        )
        _tell([post for post in own if post.pk not in had], gesture.name)
    return others | {post.pk: gesture.name for post in own}


def release(ids: Iterable[int], gesture: Gesture) -> None:
    """Gives one's own claims back."""
    if gesture.by is None:
        return
    with transaction.atomic():
        claims = Claim.objects.filter(post__in=list(ids), by_id=gesture.by.pk).select_related("post")
        posts = [claim.post for claim in claims]
        claims.delete()
        _tell(posts, "")


def claimed_by_others(posts: Sequence[Post], gesture: Gesture) -> dict[int, str]:
    """The names of those who look after these posts, but for oneself."""
    if gesture.by is None:
        return {}
    claims = Claim.objects.filter(post__in=[post.pk for post in posts], until__gt=gesture.now)
    return {
        claim.post_id: claim.by.get_username()
        for claim in claims.exclude(by_id=gesture.by.pk).select_related("by")
    }


def _tell(posts: Sequence[Post], by: str) -> None:
    for site_id in {post.site_id for post in posts}:
        tell_moderators(site_id, {"claims": {str(post.pk): by for post in posts if post.site_id == site_id}})
