"""How long a process that died waits for its restart."""

import pytest

from comments.supervision.processes import Backoff


def test_a_process_that_keeps_dying_waits_ever_longer_up_to_five_seconds() -> None:
    backoff = Backoff()

    delays = [backoff.delay_after(0.0) for _ in range(7)]

    assert delays == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0])


def test_a_process_that_was_healthy_restarts_at_once_again() -> None:
    backoff = Backoff()
    for _ in range(5):
        backoff.delay_after(1.0)

    assert backoff.delay_after(5.0) == pytest.approx(0.2)
