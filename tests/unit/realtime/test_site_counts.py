"""Telling a site's counts, over a real Redis and a publisher in memory."""

import json
import threading
from collections.abc import Callable, Iterable
from typing import Any

import pytest
import redis

from comments.events.wire import EventEntry, counts_channel, counts_hash, counts_turn
from realtime.site_counts import (
    AGAIN_SECONDS,
    MAX_PAUSE_SECONDS,
    MAX_THREADS_A_FRAME,
    Count,
    SiteCounts,
    counts_frames,
)
from tests import servers
from tests.unit.realtime.doubles import Clock, MemoryPublisher

KEY, OTHER_KEY = "a" * 26, "b" * 26


class Tier:
    """Formatter processes, and what their readers are told."""

    def __init__(self, url: str, client: Any) -> None:
        self.clock = Clock()
        self.publisher = MemoryPublisher()
        self.counts, self.others = (SiteCounts(url, self.publisher, clock=self.clock) for _ in range(2))
        self._client = client

    def next_turn(self, site: str = "blog") -> None:
        """As a second later."""
        self._client.delete(counts_turn(site))

    def told(self, by: SiteCounts | None = None, *, after_seconds: float = 0.0) -> list[dict[str, int]]:
        self.clock.now += after_seconds
        (by or self.counts).tell()
        frames, self.publisher.frames = self.publisher.frames, []
        return [json.loads(frame.text)["counts"] for frame in frames]


@pytest.fixture
def tier(redis_url: str, redis_client: Any) -> Tier:
    return Tier(redis_url, redis_client)


def event(
    seq: int, posts: int, *, key: str = KEY, kind: str = "post.created", site: str = "blog"
) -> EventEntry:
    data = f'{{"seq":{seq},"type":"{kind}","posts":{posts},"post":{{"html":"x"}}}}'
    return EventEntry(seq, key, "e1", seq, data, site)


def test_a_new_post_is_told_on_the_sites_own_channel(tier: Tier) -> None:
    tier.counts.note([event(7, 3)])

    tier.counts.tell()

    [frame] = tier.publisher.frames
    assert (frame.key, frame.site, frame.seq, frame.entry_ids) == (counts_channel("blog"), "blog", 0, ())
    assert json.loads(frame.text) == {"counts": {KEY: 3}, "heads": {KEY: {"epoch": "e1", "seq": 7}}}


def test_threads_that_change_together_are_one_frame_with_the_newest_of_each(tier: Tier) -> None:
    tier.counts.note([event(1, 1), event(3, 3), event(2, 2), event(9, 5, key=OTHER_KEY)])

    assert tier.told() == [{KEY: 3, OTHER_KEY: 5}]


def test_it_is_one_frame_a_second_whichever_formatters_have_news(tier: Tier, redis_client: Any) -> None:
    tier.counts.note([event(1, 1)])
    assert tier.told() == [{KEY: 1}]
    tier.counts.note([event(2, 2)])
    tier.others.note([event(8, 8, key=OTHER_KEY)])

    assert tier.told() == []
    assert tier.told(tier.others) == []
    assert 0 < redis_client.pttl(counts_turn("blog")) <= 1000
    tier.next_turn()
    assert tier.told(tier.others) == [{KEY: 2, OTHER_KEY: 8}]

    tier.next_turn()
    assert tier.told() == []


def test_sites_do_not_wait_for_each_other(tier: Tier) -> None:
    tier.counts.note([event(1, 1)])
    tier.told()

    tier.counts.note([event(2, 2), event(1, 1, key=OTHER_KEY, site="other")])

    assert tier.told() == [{OTHER_KEY: 1}]


def test_it_is_told_once_more_for_pages_that_asked_a_moment_before(tier: Tier) -> None:
    tier.counts.note([event(1, 1)])
    tier.told()
    tier.next_turn()

    assert tier.told(after_seconds=AGAIN_SECONDS) == [{KEY: 1}]

    tier.next_turn()
    assert tier.told(after_seconds=AGAIN_SECONDS) == []


def test_what_is_told_again_is_the_newest(tier: Tier) -> None:
    tier.counts.note([event(1, 1)])
    tier.told()
    tier.next_turn()
    tier.counts.note([event(2, 2)])

    assert tier.told(after_seconds=AGAIN_SECONDS) == [{KEY: 2}]


@pytest.mark.parametrize(
    ("told", "is_told"),
    [
        (event(1, 1, kind="post.deleted"), True),
        (event(1, 1, kind="post.hidden"), True),
        (event(1, 1, kind="post.edited"), False),
        (event(1, 1, site=""), False),
        (EventEntry(1, KEY, "e1", 1, '{"posts":3}', "blog"), False),
        (EventEntry(1, KEY, "e1", 1, "{}", "blog"), False),
    ],
)
def test_what_changes_no_count_is_not_told(told: EventEntry, is_told: bool, tier: Tier) -> None:
    tier.counts.note([told])

    assert bool(tier.told()) is is_told


def test_a_site_with_crowds_of_readers_is_told_less_often(tier: Tier, redis_client: Any) -> None:
    for delivery_seconds, pause_seconds in ((0.5, 5.0), (25.0, MAX_PAUSE_SECONDS)):
        tier.publisher.delivery_seconds = delivery_seconds
        for seq in (1, 2):
            tier.next_turn()
            tier.counts.note([event(seq, seq)])
            assert tier.told()

        assert pause_seconds - 1 < redis_client.pttl(counts_turn("blog")) / 1000 <= pause_seconds


def test_more_threads_than_a_frame_holds_are_several() -> None:
    counts = {f"{number:026d}": Count(1, "e" * 16, 10**6) for number in range(MAX_THREADS_A_FRAME + 1)}

    frames = counts_frames("blog", counts)

    assert [len(json.loads(frame.text)["counts"]) for frame in frames] == [MAX_THREADS_A_FRAME, 1]
    assert len(frames[0].text) < 64 * 1024


def test_while_redis_is_away_the_counts_wait(free_port: int, redis_url: str, redis_client: Any) -> None:
    publisher = MemoryPublisher()
    away = SiteCounts(f"redis://127.0.0.1:{free_port}/0", publisher)
    away.note([event(1, 1)])
    for _ in range(2):
        with pytest.raises(redis.RedisError):
            away.tell()

    away._client = SiteCounts(redis_url, publisher)._client  # it is back
    away.tell()

    assert json.loads(publisher.frames[0].text)["counts"] == {KEY: 1}


def _running(url: str, publisher: MemoryPublisher) -> tuple[SiteCounts, Callable[[], None]]:
    stop = threading.Event()
    counts = SiteCounts(url, publisher)
    thread = threading.Thread(target=counts.run, args=[stop])
    thread.start()

    def end() -> None:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()

    return counts, end


def test_it_runs_beside_the_formatter_and_outlives_what_is_away(redis_url: str, redis_client: Any) -> None:
    publisher = MemoryPublisher()
    publisher.is_away = True
    counts, end = _running(redis_url, publisher)
    counts.note([event(1, 1)])
    servers.wait_until(lambda: redis_client.exists(counts_turn("blog")), message="a try that fails")

    publisher.is_away = False

    servers.wait_until(lambda: publisher.frames, message="it is told again")
    end()


def test_nothing_is_left_in_redis_for_long(tier: Tier, redis_client: Any) -> None:
    tier.counts.note([event(1, 1)])
    tier.told()
    assert not redis_client.exists(counts_hash("blog"))
    tier.counts.note([event(2, 2)])
    tier.told()

    assert 0 < redis_client.ttl(counts_hash("blog")) <= 120


def test_no_threads_key_is_a_sites_channel(tier: Tier) -> None:
    channels: Iterable[str] = {counts_channel(site) for site in ("blog", "other", "")}

    assert len(set(channels)) == 3
    assert all(len(channel) == 26 for channel in channels)
