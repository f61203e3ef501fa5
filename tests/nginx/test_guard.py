"""No client can end a worker: Nchan aborts on stale message ids, so none reaches it."""

from tests.nginx.hammer import Hammer
from tests.nginx.instances import live_path, running_push
from tests.nginx.talk import WebSocket, connected

OPERATIONS = 20_000
FAULTY = ("1.3.6", "1.3.7")
GUARD = (
    "if ($names_a_message) { return 400; }",
    "nchan_subscriber_last_message_id $no_message_id;",
)


def test_twenty_thousand_odd_operations_leave_every_worker_alive() -> None:
    with running_push(open_files=2048) as push:
        workers = push.worker_pids()
        assert len(workers) > 1

        with Hammer(push, seed=1) as hammer:
            hammer.strike(OPERATIONS)

        push.wait_for_readers(0)
        assert push.worker_pids() == workers, push.log
        assert sum(hammer.done.values()) >= OPERATIONS
        with WebSocket(connected(push.port), live_path()) as reader:
            push.wait_for_readers(1)
            push.publish("{}")
            assert reader.text() == "{}"


def test_the_same_hammer_ends_a_worker_without_the_guard() -> None:
    with running_push(_unguarded) as push, Hammer(push, seed=1) as hammer:
        is_known_to_die = any(f"nchan version: {version}" in push.status() for version in FAULTY)
        workers = push.worker_pids()

        for _ in range(30):
            hammer.strike(100)
            if push.worker_pids() != workers:
                break

        assert push.worker_pids() != workers or not is_known_to_die, push.log


def _unguarded(config: str) -> str:
    for line in GUARD:
        assert line in config
        config = config.replace(line, "")
    return config
