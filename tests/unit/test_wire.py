"""Stream entries: what is written is what is read, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comments.events.wire import EventEntry, TotalsEntry, parse_entry, stream_of

EVENT = EventEntry(id=7, key="k" * 26, epoch="e", seq=3, data='{"seq":3}', site="blog")
TOTALS = TotalsEntry(key="k" * 26, data='{"7":{"score":1,"up":1,"down":0}}', site="blog")


@pytest.mark.parametrize("entry", [EVENT, TOTALS], ids=["event", "totals"])
def test_an_entry_comes_back_from_the_stream(entry: EventEntry | TotalsEntry) -> None:
    in_redis = {name: str(value) for name, value in entry.fields().items()}

    assert parse_entry(in_redis) == entry


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"kind": "event"},
        {"kind": "totals", "key": "k"},
        {"kind": "typing", "key": "k"},
        {name: str(value) for name, value in EVENT.fields().items() if name != "seq"},
        {name: str(value) for name, value in EVENT.fields().items()} | {"id": "seven"},
    ],
    ids=["empty", "bare event", "bare totals", "unknown kind", "without seq", "an id that is none"],
)
def test_what_no_kibitz_wrote_is_refused(fields: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_entry(fields)


@given(st.text(min_size=1), st.integers(min_value=1, max_value=64))
def test_a_thread_has_one_stream_among_those_there_are(key: str, formatters: int) -> None:
    stream = stream_of(key, formatters)

    assert stream == stream_of(key, formatters)
    assert stream in {f"kibitz:events:{index}" for index in range(formatters)}
