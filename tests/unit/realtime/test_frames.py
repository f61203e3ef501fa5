"""Stream entries to frames."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comments.events.wire import EventEntry, TotalsEntry
from realtime.frames import Totals, build_frames, head_frame, read_entry

KEY = "a" * 26
OTHER_KEY = "b" * 26


def event(seq: int, *, key: str = KEY, epoch: str = "e1", text: str = "hello") -> EventEntry:
    data = json.dumps({"seq": seq, "type": "post.created", "post": {"html": text}}, ensure_ascii=False)
    return EventEntry(id=seq, key=key, epoch=epoch, seq=seq, data=data)


def numbered(entries: list[EventEntry | Totals]) -> list[tuple[str, EventEntry | Totals]]:
    return [(f"{position}-0", entry) for position, entry in enumerate(entries, start=1)]


def test_it_joins_a_threads_events_into_one_frame() -> None:
    frames = build_frames(numbered([event(8), event(9)]))

    assert [json.loads(frame.text) for frame in frames] == [
        {
            "epoch": "e1",
            "first": 8,
            "last": 9,
            "events": [json.loads(event(8).data), json.loads(event(9).data)],
        }
    ]
    assert frames[0].key == KEY
    assert frames[0].entry_ids == ("1-0", "2-0")


def test_it_makes_one_frame_for_each_thread() -> None:
    frames = build_frames(numbered([event(1), event(1, key=OTHER_KEY), event(2)]))

    assert [(frame.key, json.loads(frame.text)["last"]) for frame in frames] == [(KEY, 2), (OTHER_KEY, 1)]


def test_it_sorts_what_came_out_of_order() -> None:
    frames = build_frames(numbered([event(3), event(1), event(2)]))

    assert [item["seq"] for item in json.loads(frames[0].text)["events"]] == [1, 2, 3]


def test_it_sends_a_repeated_event_once_and_counts_both_entries_as_delivered() -> None:
    frames = build_frames(numbered([event(1), event(1)]))

    assert len(json.loads(frames[0].text)["events"]) == 1
    assert frames[0].entry_ids == ("1-0", "2-0")


def test_it_cuts_where_a_seq_is_missing() -> None:
    frames = build_frames(numbered([event(1), event(3)]))

    assert [(json.loads(frame.text)["first"], json.loads(frame.text)["last"]) for frame in frames] == [
        (1, 1),
        (3, 3),
    ]


def test_it_keeps_two_incarnations_of_a_thread_apart() -> None:
    frames = build_frames(numbered([event(1, epoch="e1"), event(2, epoch="e2")]))

    assert [json.loads(frame.text)["epoch"] for frame in frames] == ["e1", "e2"]


def test_it_cuts_where_a_frame_is_full_counting_bytes() -> None:
    text = "ü" * 300

    frames = build_frames(numbered([event(seq, text=text) for seq in (1, 2, 3)]), max_bytes=1400)

    assert [json.loads(frame.text)["last"] for frame in frames] == [2, 3]


def test_it_sends_an_event_larger_than_a_frame_alone() -> None:
    frames = build_frames(numbered([event(1), event(2, text="x" * 500), event(3)]), max_bytes=400)

    assert [json.loads(frame.text)["last"] for frame in frames] == [1, 2, 3]


def test_it_merges_totals_and_lets_the_newest_win() -> None:
    old, new = {"score": 1, "up": 1, "down": 0}, {"score": 2, "up": 2, "down": 0}

    frames = build_frames(numbered([Totals(KEY, {"7": old, "8": old}), Totals(KEY, {"7": new})]))

    assert [json.loads(frame.text) for frame in frames] == [{"totals": {"7": new, "8": old}}]
    assert frames[0].entry_ids == ("1-0", "2-0")


def test_it_sends_totals_after_the_events_they_may_speak_of() -> None:
    frames = build_frames(numbered([Totals(KEY, {"7": {}}), event(1)]))

    assert ["totals" in json.loads(frame.text) for frame in frames] == [False, True]


def test_it_makes_no_frame_of_totals_that_say_nothing() -> None:
    assert build_frames(numbered([Totals(KEY, {})])) == []


def test_a_head_frame_names_seq_and_epoch() -> None:
    assert json.loads(head_frame(KEY, "e1", 9).text) == {"head": 9, "epoch": "e1"}


@given(st.lists(st.tuples(st.sampled_from([KEY, OTHER_KEY]), st.integers(1, 30)), max_size=60))
def test_frames_are_dense_ascending_and_complete(arrivals: list[tuple[str, int]]) -> None:
    entries = numbered([event(seq, key=key) for key, seq in arrivals])

    frames = build_frames(entries, max_bytes=300)

    for frame in frames:
        parsed = json.loads(frame.text)
        seqs = [item["seq"] for item in parsed["events"]]
        assert seqs == list(range(parsed["first"], parsed["last"] + 1))
    sent = [(frame.key, item["seq"]) for frame in frames for item in json.loads(frame.text)["events"]]
    assert sorted(sent) == sorted(set(arrivals))
    for key in (KEY, OTHER_KEY):
        of_thread = [seq for sent_key, seq in sent if sent_key == key]
        assert of_thread == sorted(of_thread)
    assert sorted(entry_id for frame in frames for entry_id in frame.entry_ids) == sorted(
        entry_id for entry_id, _ in entries
    )


def test_it_reads_what_the_web_tier_wrote() -> None:
    totals = TotalsEntry(KEY, '{"7":{"score":1,"up":1,"down":0}}')

    assert read_entry({name: str(value) for name, value in event(4).fields().items()}) == event(4)
    assert read_entry(dict(totals.fields())) == Totals(KEY, {"7": {"score": 1, "up": 1, "down": 0}})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"kind": "gossip"},
        {"kind": "event", "id": "1", "key": KEY, "epoch": "e1", "seq": "one", "data": "{}"},
        {"kind": "event", "id": "1", "key": KEY, "epoch": "e1", "seq": "1", "data": "[]"},
        {"kind": "event", "id": "1", "key": KEY, "epoch": "e1", "seq": "1", "data": '{"seq":1'},
        {"kind": "totals", "key": KEY, "data": "[1]"},
        {"kind": "totals", "key": KEY, "data": "{"},
    ],
)
def test_it_refuses_what_would_spoil_a_frame(fields: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_entry(fields)
