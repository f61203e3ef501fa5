"""What waits for one reader is bounded."""

import asyncio

from realtime.mailbox import MAX_WAITING_BYTES, MAX_WAITING_FRAMES, SLOW_READER, Mailbox


def make_mailbox() -> tuple[Mailbox, list[int]]:
    closed_with: list[int] = []
    return Mailbox("a" * 26, "127.0.0.1", closed_with.append), closed_with


async def test_frames_come_out_in_order() -> None:
    mailbox, _ = make_mailbox()
    mailbox.put("first")
    mailbox.put("second")

    assert [await mailbox.take(), await mailbox.take()] == ["first", "second"]


async def test_take_waits_for_a_frame() -> None:
    mailbox, _ = make_mailbox()
    taking = asyncio.ensure_future(mailbox.take())
    await asyncio.sleep(0)

    mailbox.put("late")

    assert await asyncio.wait_for(taking, 10) == "late"


async def test_it_closes_a_reader_with_too_many_frames_waiting() -> None:
    mailbox, closed_with = make_mailbox()
    for _ in range(MAX_WAITING_FRAMES):
        mailbox.put("x")
    assert closed_with == []

    mailbox.put("one too many")
    mailbox.put("and another")

    assert closed_with == [SLOW_READER]


async def test_it_closes_a_reader_with_too_many_bytes_waiting() -> None:
    mailbox, closed_with = make_mailbox()
    mailbox.put("x" * (MAX_WAITING_BYTES - 10))
    assert closed_with == []

    mailbox.put("x" * 11)

    assert closed_with == [SLOW_READER]


async def test_one_frame_larger_than_the_bound_still_passes() -> None:
    mailbox, closed_with = make_mailbox()

    mailbox.put("x" * (MAX_WAITING_BYTES + 1))

    assert closed_with == []


async def test_what_was_taken_counts_no_more() -> None:
    mailbox, closed_with = make_mailbox()
    for _ in range(3 * MAX_WAITING_FRAMES):
        mailbox.put("x" * 5000)
        await mailbox.take()

    assert closed_with == []
