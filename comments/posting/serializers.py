"""What readers send, validated; the same for pages and for programs."""

from hashlib import sha256
from typing import Any

from rest_framework import serializers

from comments.events.shapes import compact_json
from comments.markup.plain import is_blank, many_lines, one_line
from comments.rest.serializers import StrictSerializer
from comments.threads.bootstrap import BODY_MAX_CHARS
from comments.threads.serializers import BIGINT_MAX, PageSerializer

NAME_MAX_CHARS = 64
NOTHING_WRITTEN = "Write something first."


class BodySerializer(StrictSerializer):
    """The text of a comment."""

    body = serializers.CharField(
        max_length=BODY_MAX_CHARS,
        help_text="Markdown.",
        error_messages={
            "blank": NOTHING_WRITTEN,
            "max_length": f"That is too long: at most {BODY_MAX_CHARS:,} characters.",
        },
    )

    def validate_body(self, value: str) -> str:
        body = many_lines(value)
        if is_blank(body):
            raise serializers.ValidationError(NOTHING_WRITTEN, code="blank")
        return body


class NewPostSerializer(BodySerializer):
    """A comment, or with `parent` a reply."""

    parent = serializers.IntegerField(  # type: ignore[assignment]
        required=False, allow_null=True, min_value=1, max_value=BIGINT_MAX
    )
    name = serializers.CharField(required=False, allow_blank=True, default="", max_length=NAME_MAX_CHARS)
    email = serializers.EmailField(required=False, allow_blank=True, default="", max_length=254)
    page = PageSerializer()
    website = serializers.CharField(
        required=False,
        allow_blank=True,
        default="",
        max_length=2_000,
        help_text="A field that people do not see; whoever fills it in is no person.",
    )
    seconds_open = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=0,
        max_value=BIGINT_MAX,
        help_text="How long the form was open.",
    )

    def validate_name(self, value: str) -> str:
        return one_line(value)[:NAME_MAX_CHARS]  # composing may have made it longer


class VoteSerializer(StrictSerializer):
    """1 for, -1 against, 0 takes the vote back."""

    value = serializers.ChoiceField(choices=[1, 0, -1])


class FlagSerializer(StrictSerializer):
    """Why the moderators should look."""

    reason = serializers.CharField(required=False, allow_blank=True, default="", max_length=500)


class TypingQuery(serializers.Serializer[Any]):
    """Where somebody types, and what their page load calls itself: made up by it, and known by nobody."""

    site = serializers.CharField(max_length=64)
    by = serializers.RegexField(r"^[0-9A-Za-z.-]{1,36}$")


class VoteResultSerializer(serializers.Serializer[Any]):
    score = serializers.IntegerField()
    up = serializers.IntegerField()
    down = serializers.IntegerField()
    value = serializers.IntegerField()


class HtmlSerializer(serializers.Serializer[Any]):
    html = serializers.CharField()


def digest_of(validated: dict[str, Any]) -> str:
    """Tells whether two requests under one idempotency key ask for the same post."""
    told = [validated["body"], validated.get("parent"), validated["name"], validated["email"]]
    return sha256(compact_json(told).encode()).hexdigest()
