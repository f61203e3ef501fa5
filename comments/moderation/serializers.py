"""What moderators' pages and programs send, validated, and the shapes of the answers for the schema."""

from typing import Any, get_args

from rest_framework import serializers

from comments.moderation.queries import BRIEF_MAX, PER_PAGE, PER_PAGE_MAX, Order, Queue
from comments.moderation.services import POSTS_PER_GESTURE, Decision, Result
from comments.posting.serializers import BodySerializer
from comments.rest.serializers import StrictSerializer
from comments.threads.models import Post
from comments.threads.serializers import BIGINT_MAX

REASON_MAX_CHARS = 500


class QueueQuery(serializers.Serializer[Any]):
    queue = serializers.ChoiceField(choices=get_args(Queue), default="pending")
    site = serializers.CharField(default="", allow_blank=True, max_length=64)
    q = serializers.CharField(default="", allow_blank=True, max_length=200)
    author = serializers.IntegerField(required=False, min_value=1, max_value=BIGINT_MAX)
    thread = serializers.IntegerField(required=False, min_value=1, max_value=BIGINT_MAX)
    order = serializers.ChoiceField(choices=get_args(Order), default="newest")
    cursor = serializers.CharField(default="", allow_blank=True, max_length=200)
    limit = serializers.IntegerField(
        default=PER_PAGE, min_value=1, max_value=BRIEF_MAX, help_text="200 at most, but for `brief`."
    )
    brief = serializers.BooleanField(
        default=False, help_text="Of each post id, status and time alone: for a decision about a whole queue."
    )
    id = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=BIGINT_MAX),
        default=list,
        max_length=PER_PAGE_MAX,
        help_text="Repeatable: these posts, whatever queue they are in.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["limit"] > PER_PAGE_MAX and not attrs["brief"]:
            raise serializers.ValidationError({"limit": [f"{PER_PAGE_MAX} at most."]})
        return attrs


class IdsSerializer(StrictSerializer):
    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=BIGINT_MAX),
        min_length=1,
        max_length=POSTS_PER_GESTURE,
    )


class ClaimSerializer(IdsSerializer):
    """`take_over` takes the posts from whoever has them."""

    take_over = serializers.BooleanField(default=False)


class DecisionSerializer(IdsSerializer):
    """`seen` is the status that the moderator saw, by post id: a post that has another one by now is a
    conflict, and stays."""

    decision = serializers.ChoiceField(choices=[decision.value for decision in Decision])
    reason = serializers.CharField(default="", allow_blank=True, max_length=REASON_MAX_CHARS)
    seen = serializers.DictField(
        child=serializers.ChoiceField(choices=Post.Status.values), default=dict, required=False
    )

    def validate_seen(self, value: dict[str, str]) -> dict[int, str]:
        if not all(key.isascii() and key.isdigit() and len(key) < 19 for key in value):
            raise serializers.ValidationError("The keys are ids of posts.")
        return {int(key): status for key, status in value.items()}


class UndoSerializer(StrictSerializer):
    batch = serializers.UUIDField()


class BanSerializer(StrictSerializer):
    """Of the author of a post, or of one by number. `days` null is for good. `is_shadow` shows the author's
    posts from now on to the author alone. `posts` says what happens to those that are there."""

    post = serializers.IntegerField(required=False, min_value=1, max_value=BIGINT_MAX)
    author = serializers.IntegerField(required=False, min_value=1, max_value=BIGINT_MAX)
    days = serializers.IntegerField(allow_null=True, default=None, min_value=1, max_value=36_500)
    reason = serializers.CharField(default="", allow_blank=True, max_length=REASON_MAX_CHARS)
    is_shadow = serializers.BooleanField(default=False)
    posts = serializers.ChoiceField(choices=["keep", "this", "day", "all"], default="this")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("post" in attrs) == ("author" in attrs):
            raise serializers.ValidationError("Give post or author.")
        return attrs


class PostSwitchSerializer(StrictSerializer):
    id = serializers.IntegerField(min_value=1, max_value=BIGINT_MAX)
    is_on = serializers.BooleanField(default=True)


class ModeratorReplySerializer(BodySerializer):
    id = serializers.IntegerField(min_value=1, max_value=BIGINT_MAX, help_text="Of the post to reply to.")


class OutcomeSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    result = serializers.ChoiceField(choices=get_args(Result))
    status = serializers.CharField()
    by = serializers.CharField(help_text="Who was faster, for `conflict` and `claimed`.")


class DecidedSerializer(serializers.Serializer[Any]):
    batch = serializers.UUIDField(help_text="To undo it with.")
    undo_seconds = serializers.IntegerField()
    results = OutcomeSerializer(many=True)
    counts = serializers.DictField(child=serializers.IntegerField())


class QueueSerializer(serializers.Serializer[Any]):
    posts = serializers.ListField(child=serializers.DictField())
    next = serializers.CharField(allow_null=True)
    counts = serializers.DictField(child=serializers.IntegerField())


class ClaimsSerializer(serializers.Serializer[Any]):
    claims = serializers.DictField(child=serializers.CharField(), help_text="Who has each post.")
