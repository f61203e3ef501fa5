"""How many events a second one formatter process carries from the stream to the publisher.

    REDIS_URL=redis://127.0.0.1:6390/0 .venv/bin/python -m loadtest.formatter --events 50000 --threads 50

Needs a Redis of its own: it empties it. The stream is filled first; the clock runs from the process's first
frame to its last acknowledgement. Its own CPU time is told too, which other load on the machine moves less.
`--nchan` publishes to a push node too, which it starts. `--profile FILE` has py-spy write there what the
process spends its time on, as a flame graph (.svg) or as lines of stacks.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from comments import cells, env
from comments.events import wire
from comments.events.redis_clients import command_client
from comments.threads.page import thread_key
from loadtest.push_nodes import push_node

CHUNK = 1_000
POLL_SECONDS = 0.01


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--threads", type=int, default=50)
    parser.add_argument("--body-bytes", type=int, default=400)
    parser.add_argument("--nchan", action="store_true")
    parser.add_argument("--profile", type=Path)
    options = parser.parse_args()
    with ExitStack() as stack:
        push_cells = ""
        if options.nchan:
            node = stack.enter_context(push_node("shipped"))
            nodes = [{"public": f"http://{node.listen}", "publish": node.publish}]
            push_cells = json.dumps({"main": {"sites": ["*"], "nodes": nodes}})
        measure(options, push_cells)


def measure(options: argparse.Namespace, push_cells: str) -> None:
    client = command_client(env.redis_url())
    client.flushall()
    fill(options.events, options.threads, options.body_bytes)
    process = subprocess.Popen(
        [sys.executable, "-m", "realtime"],
        env={**os.environ, "KIBITZ_FORMATTERS": "1", cells.VARIABLE: push_cells},
    )
    try:
        profiler = profiled(process.pid, options.profile) if options.profile else None
        while not client.hget(wire.COUNTERS, "acknowledged"):
            time.sleep(POLL_SECONDS)
        at_start, done_at_start = time.monotonic(), acknowledged()
        while acknowledged() < options.events:
            time.sleep(POLL_SECONDS)
        seconds = time.monotonic() - at_start
        print(
            f"{options.events} events in {options.threads} threads: "
            f"{(options.events - done_at_start) / seconds:,.0f} events/s, "
            f"{options.events / cpu_seconds(process.pid):,.0f} events per CPU second with its start, "
            f"{int(client.hget(wire.COUNTERS, 'frames') or 0)} frames"
        )
        if profiler is not None:
            profiler.send_signal(signal.SIGINT)
            profiler.wait()
    finally:
        process.terminate()
        process.wait()


def profiled(pid: int, path: Path) -> subprocess.Popen[bytes]:
    form = "flamegraph" if path.suffix == ".svg" else "raw"
    py_spy = str(Path(sys.executable).with_name("py-spy"))
    return subprocess.Popen([py_spy, "record", "-r", "200", "-f", form, "-o", str(path), "-p", str(pid)])


def fill(events: int, threads: int, body_bytes: int) -> None:
    client = command_client(env.redis_url())
    keys = [thread_key("load", str(number)) for number in range(threads)]
    pipeline = client.pipeline(transaction=False)
    for number in range(events):
        seq = number // threads + 1
        post = {"id": number, "seq": seq, "author": {"name": "alice"}, "html": f"<p>{'x' * body_bytes}</p>"}
        data = json.dumps({"seq": seq, "type": "post.created", "posts": seq, "post": post})
        entry = wire.EventEntry(
            id=number, key=keys[number % threads], epoch="e", seq=seq, data=data, site="load"
        )
        pipeline.xadd(wire.stream_name(0), dict(entry.fields().items()))
        if number % CHUNK == CHUNK - 1:
            pipeline.execute()
    pipeline.execute()


def acknowledged() -> int:
    return int(command_client(env.redis_url()).hget(wire.COUNTERS, "acknowledged") or 0)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
