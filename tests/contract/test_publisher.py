"""Every Publisher keeps the port's promises, towards its real far end."""

from collections.abc import AsyncIterator

import pytest

from realtime.publisher import Frame, PublishFailed
from tests.contract.carriers import KEY, OTHER_KEY, Carrier, carrier_named


@pytest.fixture(params=["memory", "channels", "nchan"])
async def carrier(request: pytest.FixtureRequest) -> AsyncIterator[Carrier]:
    async with carrier_named(request.param) as carrier:
        yield carrier


def frame(seq: int, *, key: str = KEY, text: str = "") -> Frame:
    text = text or f'{{"epoch":"e","first":{seq},"last":{seq},"events":[]}}'
    return Frame(key, text, (f"{seq}-0",), "gazette", "e", seq)


async def test_frames_of_a_thread_arrive_in_order_within_a_call_and_across_calls(carrier: Carrier) -> None:
    carrier.publisher.publish([frame(1, text='{"n":1}'), frame(1, key=OTHER_KEY, text='{"n":2}')])
    carrier.publisher.publish([frame(2, text='{"n":3}'), frame(3, text='{"n":4}')])
    carrier.publisher.publish([frame(4, text='{"n":5}')])

    texts = [text.partition('"n"')[2] for text in await carrier.arrived(KEY, 4)]
    assert texts == [":1}", ":3}", ":4}", ":5}"]
    [other] = await carrier.arrived(OTHER_KEY, 1)
    assert other.endswith('"n":2}')


async def test_a_call_that_returns_refuses_nothing_it_delivered(carrier: Carrier) -> None:
    assert list(carrier.publisher.publish([frame(1)]).refused) == []


async def test_text_arrives_as_it_was(carrier: Carrier) -> None:
    text = '{"html":"<p>żółć 🦊 \\u0000</p>' + "x" * 70_000 + '"}'

    carrier.publisher.publish([frame(1, text=text)])

    assert await carrier.arrived(KEY, 1) == [text]


async def test_nothing_to_publish_is_no_error(carrier: Carrier) -> None:
    assert list(carrier.publisher.publish([]).refused) == []


async def test_it_tells_how_many_read_a_busy_thread_and_what_that_costs(carrier: Carrier) -> None:
    await carrier.have_readers(KEY, 3)

    carrier.publisher.publish([frame(1)])
    published = carrier.publisher.publish([frame(2)])

    assert published.readers[KEY] == 3
    assert 0 < published.delivery_seconds[KEY] < 0.01


async def test_it_says_when_the_carrier_is_away(carrier: Carrier) -> None:
    await carrier.go_away()

    with pytest.raises(PublishFailed):
        carrier.publisher.publish([frame(1)])
