"""The public JSON, and the schema that describes it."""

from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any, NotRequired, get_args, get_origin, get_type_hints

import pytest
from rest_framework import serializers

from comments.events.shapes import (
    EventShape,
    PostShape,
    ThreadShape,
    compact_json,
    post_shape,
    rfc3339,
)
from comments.events.wire import Tally
from comments.posting.serializers import VoteResultSerializer
from comments.threads import serializers as described
from comments.threads.bootstrap import Bootstrap
from comments.threads.queries import Head, Snapshot


def names_of_shape(shape: Any) -> dict[str, Any]:
    """The fields of a TypedDict, nested, with their names only."""
    found: dict[str, Any] = {}
    for name, hint in get_type_hints(shape, include_extras=True).items():
        inner = get_args(hint)[0] if get_origin(hint) is NotRequired else hint
        inner = get_args(inner)[0] if get_origin(inner) is list else inner
        found[name] = names_of_shape(inner) if hasattr(inner, "__required_keys__") else None
    return found


def names_of_serializer(serializer: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, field in serializer.fields.items():
        inner = field.child if isinstance(field, serializers.ListSerializer) else field
        found[name] = names_of_serializer(inner) if isinstance(inner, serializers.Serializer) else None
    return found


def optional_of_serializer(serializer: Any) -> set[str]:
    return {name for name, field in serializer.fields.items() if not field.required}


@pytest.mark.parametrize(
    ("shape", "serializer"),
    [
        (PostShape, described.PostShapeSerializer),
        (ThreadShape, described.ThreadShapeSerializer),
        (EventShape, described.EventShapeSerializer),
        (Snapshot, described.SnapshotSerializer),
        (Head, described.HeadSerializer),
        (Bootstrap, described.BootstrapSerializer),
        (Tally, described.TallySerializer),
    ],
    ids=lambda kind: kind.__name__,
)
def test_the_schema_describes_the_shape(shape: Any, serializer: type[serializers.Serializer[Any]]) -> None:
    assert names_of_serializer(serializer()) == names_of_shape(shape)
    assert optional_of_serializer(serializer()) == set(shape.__optional_keys__)


def test_the_answer_to_a_vote_is_a_tally_and_the_vote() -> None:
    assert set(VoteResultSerializer().fields) == {*get_type_hints(Tally), "value"}


def a_post(**but: object) -> Any:
    now = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)
    told = {"pk": 7, "seq": 3, "parent_id": 5, "author_name": "alice", "html": "<p>x</p>", "created": now}
    told |= {"edited": now, "status": "published", "up": 4, "down": 1, "replies": 2}
    told |= {"author_key": "", "by_member": False, "badge": "", "is_featured": False}
    return SimpleNamespace(**(told | but))


def test_a_post_shows_who_said_what_and_how_it_was_liked() -> None:
    assert post_shape(a_post()) == {
        "id": 7,
        "seq": 3,
        "parent": 5,
        "author": {"name": "alice", "avatar": None},
        "html": "<p>x</p>",
        "created": "2026-01-02T03:04:05.678Z",
        "edited": "2026-01-02T03:04:05.678Z",
        "status": "published",
        "score": 3,
        "up": 4,
        "down": 1,
        "replies": 2,
    }


def test_a_post_says_by_a_key_which_of_a_sites_authors_wrote_it() -> None:
    told = post_shape(a_post(author_key="abcdefgh2345", badge="owner"))

    assert told["author"] == {"name": "alice", "avatar": None, "key": "abcdefgh2345", "badge": "owner"}


@pytest.mark.parametrize("status", ["deleted", "hidden"])
def test_a_stub_keeps_its_place_and_nothing_else(status: str) -> None:
    stub = post_shape(a_post(status=status, author_key="abcdefgh2345"))

    assert (stub["id"], stub["parent"], stub["replies"], stub["status"]) == (7, 5, 2, status)
    assert (stub["html"], stub["author"], stub["edited"]) == ("", {"name": "", "avatar": None}, None)
    assert (stub["score"], stub["up"], stub["down"]) == (0, 0, 0)


def test_times_are_utc_to_the_millisecond() -> None:
    moment = datetime(2026, 1, 1, 1, 0, tzinfo=timezone(timedelta(hours=2)))

    assert rfc3339(moment) == "2025-12-31T23:00:00.000Z"


def test_json_travels_small() -> None:
    assert compact_json({"é": [1, None]}) == '{"é":[1,null]}'
