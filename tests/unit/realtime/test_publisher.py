"""Several carriers as one."""

from collections.abc import Sequence

import pytest

from realtime.publisher import Frame, Published, Publisher, PublisherToAll, PublishFailed

GOOD, BAD = Frame("a" * 26, "{}"), Frame("b" * 26, "{}")


class Carrier:
    """Says what it is told to say, and keeps what it got."""

    def __init__(self, says: Published | PublishFailed) -> None:
        self._says = says
        self.frames: list[Frame] = []

    def publish(self, frames: Sequence[Frame]) -> Published:
        self.frames += frames
        if isinstance(self._says, PublishFailed):
            raise self._says
        return self._says


def test_every_carrier_gets_every_frame() -> None:
    carriers = Carrier(Published()), Carrier(Published())

    PublisherToAll(*carriers).publish([GOOD, BAD])

    assert [carrier.frames for carrier in carriers] == [[GOOD, BAD], [GOOD, BAD]]


def test_readers_add_up_a_frame_is_refused_once_and_the_slower_carrier_sets_the_cost() -> None:
    one = Carrier(Published([BAD], {GOOD.key: 2}, {GOOD.key: 0.1}))
    other = Carrier(Published([BAD], {GOOD.key: 3, BAD.key: 1}, {GOOD.key: 0.2}))

    published = PublisherToAll(one, other).publish([GOOD, BAD])

    assert published == Published([BAD], {GOOD.key: 5, BAD.key: 1}, {GOOD.key: 0.2})


def test_where_one_carrier_is_away_the_call_is_to_be_repeated() -> None:
    publisher: Publisher = PublisherToAll(Carrier(Published()), Carrier(PublishFailed("away")))

    with pytest.raises(PublishFailed):
        publisher.publish([GOOD])
