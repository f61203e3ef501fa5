"""The inputs of the reading calls, and the shapes of their answers for the OpenAPI schema.

The answers themselves are made by events.shapes; a test holds the two together.
"""

from typing import Any, get_args

from rest_framework import serializers

from comments.events.shapes import EventType, PostStatus
from comments.rest.serializers import StrictSerializer
from comments.threads.queries import ROOTS_PER_PAGE, ROOTS_PER_PAGE_MAX, Sort

# `root` and `parent` are attributes of every serializer to mypy; DRF's metaclass takes declared fields out of
# the class, so nothing is overridden.

BIGINT_MAX = 2**63 - 1


class AuthorShapeSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    avatar = serializers.CharField(allow_null=True)
    key = serializers.CharField(
        required=False, help_text="The same on all posts of one author of this site; absent where unknown."
    )
    badge = serializers.CharField(required=False)


class PostShapeSerializer(serializers.Serializer[Any]):
    """`seq` is the event number of the post's latest visible change. Deleted and hidden posts are stubs.
    `body`, the Markdown source, goes only to its author."""

    id = serializers.IntegerField()
    seq = serializers.IntegerField()
    parent = serializers.IntegerField(allow_null=True)  # type: ignore[assignment]
    author = AuthorShapeSerializer()
    html = serializers.CharField()
    body = serializers.CharField(required=False)
    created = serializers.DateTimeField()
    edited = serializers.DateTimeField(allow_null=True)
    status = serializers.ChoiceField(choices=get_args(PostStatus))
    featured = serializers.BooleanField(required=False, help_text="Chosen by a moderator; absent otherwise.")
    score = serializers.IntegerField()
    up = serializers.IntegerField()
    down = serializers.IntegerField()
    replies = serializers.IntegerField(help_text="Direct replies in the public list, stubs included.")


class ThreadShapeSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    url = serializers.CharField()
    title = serializers.CharField()
    locked = serializers.BooleanField()
    pinned = serializers.IntegerField(allow_null=True)
    slow_mode_seconds = serializers.IntegerField(
        help_text="That one author has to wait between two comments; 0 = no slow mode."
    )
    posts = serializers.IntegerField(help_text="Published posts.")


class TallySerializer(serializers.Serializer[Any]):
    score = serializers.IntegerField()
    up = serializers.IntegerField()
    down = serializers.IntegerField()


class EventShapeSerializer(serializers.Serializer[Any]):
    """One numbered change. All counts are those after it, so applying it twice changes nothing."""

    seq = serializers.IntegerField()
    type = serializers.ChoiceField(choices=get_args(EventType))
    posts = serializers.IntegerField()
    post = PostShapeSerializer(required=False)
    parent_replies = serializers.IntegerField(required=False, allow_null=True)
    thread = ThreadShapeSerializer(required=False)


class SnapshotSerializer(serializers.Serializer[Any]):
    """`posts` is flat, parents before their replies."""

    epoch = serializers.CharField()
    seq = serializers.IntegerField()
    thread = ThreadShapeSerializer()
    posts = PostShapeSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class HeadSerializer(serializers.Serializer[Any]):
    epoch = serializers.CharField()
    seq = serializers.IntegerField()


class ReplaySerializer(serializers.Serializer[Any]):
    """A frame: events dense from `first` to `last`; `first` = `last` + 1 where there are none."""

    epoch = serializers.CharField()
    first = serializers.IntegerField()
    last = serializers.IntegerField()
    head = serializers.IntegerField()
    events = EventShapeSerializer(many=True)
    totals = serializers.DictField(child=TallySerializer())


class LiveSerializer(serializers.Serializer[Any]):
    ws = serializers.CharField()
    sse = serializers.CharField()
    poll = serializers.CharField()


class SettingsSerializer(serializers.Serializer[Any]):
    guests_may_post = serializers.BooleanField()
    moderation = serializers.ChoiceField(choices=["post", "pre"])
    votes = serializers.BooleanField()
    presence = serializers.BooleanField()
    edit_window_seconds = serializers.IntegerField()
    body_max_chars = serializers.IntegerField()
    realtime = serializers.ChoiceField(choices=["on", "dark", "off"])
    reconnect_spread_seconds = serializers.IntegerField()
    silence_seconds = serializers.IntegerField(
        help_text="How long a silent live connection is to be trusted before `head/` is asked."
    )


class BootstrapSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    epoch = serializers.CharField()
    seq = serializers.IntegerField()
    thread = ThreadShapeSerializer()
    live = LiveSerializer()
    settings = SettingsSerializer()


class CountHeadSerializer(serializers.Serializer[Any]):
    """The thread of a page, and the number at which it was counted."""

    key = serializers.CharField()
    epoch = serializers.CharField()
    seq = serializers.IntegerField()


class CountsLiveSerializer(serializers.Serializer[Any]):
    """Brings `{"counts": {key: n}, "heads": {key: {"epoch", "seq"}}}` when the counts of threads change; of
    two counts of one epoch the one with the higher number holds."""

    ws = serializers.CharField()


class CountsSerializer(serializers.Serializer[Any]):
    """By page id. `live` is null where the site has no live updates."""

    counts = serializers.DictField(child=serializers.IntegerField())
    heads = serializers.DictField(child=CountHeadSerializer())
    live = CountsLiveSerializer(allow_null=True)


class PageQuery(serializers.Serializer[Any]):
    """How a page names itself in a query."""

    page_id = serializers.CharField(required=False, allow_blank=True, default="", max_length=2_000)
    url = serializers.CharField(required=False, allow_blank=True, default="", max_length=2_000)

    def validate(self, attrs: dict[str, str]) -> dict[str, str]:
        if not attrs["page_id"] and not attrs["url"]:
            raise serializers.ValidationError("Give page_id or url.")
        return attrs


class TextsQuery(serializers.Serializer[Any]):
    lang = serializers.CharField(default="", allow_blank=True, max_length=200)


class SnapshotQuery(serializers.Serializer[Any]):
    sort = serializers.ChoiceField(choices=get_args(Sort), default="newest")
    cursor = serializers.CharField(default="", allow_blank=True, max_length=200)
    limit = serializers.IntegerField(default=ROOTS_PER_PAGE, min_value=1, max_value=ROOTS_PER_PAGE_MAX)
    root = serializers.IntegerField(  # type: ignore[assignment]
        required=False, min_value=1, max_value=BIGINT_MAX
    )
    after = serializers.IntegerField(required=False, min_value=1, max_value=BIGINT_MAX)


class EventsQuery(serializers.Serializer[Any]):
    after = serializers.IntegerField(min_value=0, max_value=BIGINT_MAX)


class CountsQuery(serializers.Serializer[Any]):
    page_id = serializers.ListField(
        child=serializers.CharField(max_length=2_000), min_length=1, max_length=200
    )


class PageSerializer(StrictSerializer):
    """The page that a post is written on."""

    site = serializers.CharField(max_length=64)
    page_id = serializers.CharField(
        required=False, allow_blank=True, allow_null=True, default="", max_length=2_000
    )
    url = serializers.CharField(max_length=2_000)
    title = serializers.CharField(required=False, allow_blank=True, default="", max_length=2_000)
