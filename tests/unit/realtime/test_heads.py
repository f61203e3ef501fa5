"""When a quiet thread's last seq is announced again."""

import json

from realtime.heads import Heads
from realtime.publisher import Frame

KEY = "a" * 26


def heads_in(frames: list[Frame]) -> list[tuple[str, int]]:
    return [(frame.key, json.loads(frame.text)["head"]) for frame in frames]


def test_it_announces_at_3_and_at_30_seconds_of_quiet_and_then_forgets() -> None:
    heads = Heads()
    heads.note(KEY, "e1", 9, now=100.0)

    assert heads.due(102.9) == []
    assert heads_in(heads.due(103.0)) == [(KEY, 9)]
    assert heads.due(129.9) == []
    assert heads_in(heads.due(130.0)) == [(KEY, 9)]
    assert heads.due(1000.0) == []


def test_a_new_frame_starts_the_quiet_anew() -> None:
    heads = Heads()
    heads.note(KEY, "e1", 9, now=100.0)
    heads.due(103.0)
    heads.note(KEY, "e1", 10, now=110.0)

    assert heads.due(112.9) == []
    assert heads_in(heads.due(113.0)) == [(KEY, 10)]
    assert heads.due(130.0) == []
    assert heads_in(heads.due(140.0)) == [(KEY, 10)]


def test_an_older_frame_taken_over_late_does_not_lower_the_head() -> None:
    heads = Heads()
    heads.note(KEY, "e1", 9, now=100.0)
    heads.note(KEY, "e1", 4, now=101.0)

    assert heads_in(heads.due(104.0)) == [(KEY, 9)]


def test_the_quiet_of_a_thread_with_very_many_readers_begins_when_they_all_have_the_frame() -> None:
    heads = Heads()
    heads.note(KEY, "e1", 9, now=100.0, delivery_seconds=10.0)
    heads.note("b" * 26, "e1", 4, now=101.0)

    assert heads_in(heads.due(104.0)) == [("b" * 26, 4)]
    assert heads.due(110.0) == []
    assert heads_in(heads.due(113.0)) == [(KEY, 9)]


def test_a_frame_on_its_way_is_announced_when_the_process_leaves() -> None:
    heads = Heads()
    heads.note(KEY, "e1", 9, now=100.0, delivery_seconds=10.0)

    assert heads_in(heads.drain()) == [(KEY, 9)]


def test_a_new_epoch_replaces_the_old_head() -> None:
    heads = Heads()
    heads.note(KEY, "e1", 900, now=100.0)
    heads.note(KEY, "e2", 1, now=101.0)

    assert [json.loads(frame.text) for frame in heads.due(104.0)] == [{"head": 1, "epoch": "e2"}]


def test_leaving_announces_everything_that_waits() -> None:
    heads = Heads()
    heads.note(KEY, "e1", 9, now=100.0)
    heads.due(103.0)
    heads.note("b" * 26, "e1", 2, now=104.0)

    assert sorted(heads_in(heads.drain())) == [(KEY, 9), ("b" * 26, 2)]
    assert heads.due(1000.0) == []
