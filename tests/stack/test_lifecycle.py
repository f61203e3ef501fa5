"""What `./run stack` leaves behind when it is stopped or killed: nothing, and a state that starts."""

import signal
from pathlib import Path

from comments.supervision.processes import is_alive
from tests.conftest import WaitUntil
from tests.running import STOP_SECONDS, stack_started
from tests.stack.proc import family


def test_a_killed_supervisor_leaves_no_process_and_a_stop_leaves_none_either(
    tmp_path: Path, wait_until: WaitUntil
) -> None:
    state_dir = tmp_path / "state"
    with stack_started(state_dir, KIBITZ_DEMO_DATA="/nonexistent", KIBITZ_API_WORKERS="1") as first:
        assert "as printed at the first start" not in first.log
        whole = family(first.process.pid)

        first.ended(signal.SIGKILL)

        wait_until(
            lambda: not any(is_alive(pid) for pid in whole),
            seconds=STOP_SECONDS,
            message="every process gone with the supervisor",
        )

    with stack_started(state_dir, KIBITZ_API_WORKERS="1") as second:
        assert "as printed at the first start" in second.log
        assert second.get("/readyz") == 200
        whole = family(second.process.pid)

        status = second.ended(signal.SIGTERM)

        assert status == 0
        assert [pid for pid in whole if is_alive(pid)] == []
        assert second.pids() == {}
        assert "Traceback" not in second.log
        assert not (second.run_dir / "elsewhere").is_symlink()
