"""The shipped push configuration beside plain Nchan, in turn: connections, memory and frames."""

import json
import time
from statistics import median

from comments.threads.page import thread_key
from loadtest import resources
from loadtest.bench import Bench
from loadtest.push_nodes import ORIGIN, Kind, PushNode, push_node
from loadtest.readers import Readers
from loadtest.scenarios.ramp import spread
from realtime.push_connection import PushConnection, post_request

KINDS: tuple[Kind, ...] = ("plain", "shipped")
ROUNDS = 3
READERS = 40_000  # over so many threads, to be opened
THREADS = 1_000
LISTENERS = 10_000  # of one thread, for the frames
COMPARED = ("connections/s", "KB a reader", "frames/s")
SECONDS = 5.0
LAST_SECONDS = 2.0  # what was posted last is on its way for as long
TEXT = "x" * 500
ANSWER_SECONDS = 30.0


def run(bench: Bench) -> None:
    opening, listening = bench.at_most(READERS), bench.at_most(LISTENERS)
    rounds = 1 if bench.quick else ROUNDS
    measured: dict[Kind, list[dict[str, float]]] = {kind: [] for kind in KINDS}
    for number in range(rounds):
        for kind in KINDS if number % 2 == 0 else reversed(KINDS):
            with push_node(kind, readers=opening) as node:
                measured[kind].append(opened(bench, node, opening) | heard(bench, node, listening))
    bench.report.heading("The shipped push configuration beside plain Nchan")
    middle = {
        kind: {name: median(row[name] for row in rows) for name in rows[0]} for kind, rows in measured.items()
    }
    ratio: dict[str, object] = dict.fromkeys(middle["plain"], "")
    ratio |= {name: middle["shipped"][name] / middle["plain"][name] for name in COMPARED}
    rows = [{"": kind, **middle[kind]} for kind in KINDS]
    bench.report.table([*rows, {"": "shipped / plain", **ratio}])
    bench.report.text(
        f"Medians of {rounds} rounds, in turn. Connections and memory (nginx's own, PSS): {opening:,} "
        f"readers over {THREADS:,} threads. Frames: {listening:,} readers of one thread, to which frames of "
        f"{len(frame(1))} bytes are posted one after the other for {bench.seconds(SECONDS):g} s; a frame to "
        "one reader counts as one. Plain is Nchan without signature, origins, guard, limits of time and "
        "deflating, on as many workers."
    )


def opened(bench: Bench, node: PushNode, count: int) -> dict[str, float]:
    """Opens readers of many threads."""
    live = [(node.live(thread_key("load", str(number))), 0) for number in range(THREADS)]
    before = resources.memory({"push": node.pid}).services["push"]
    with Readers(live, origin=ORIGIN, most=count, say=lambda text: None) as readers:
        wave = readers.open(spread(count, THREADS, 0))
        after = resources.memory({"push": node.pid}).services["push"]
    return {"connections/s": wave.per_second, "KB a reader": (after - before) / count / 1000}


def heard(bench: Bench, node: PushNode, count: int) -> dict[str, float]:
    """Posts frames to one thread, each as soon as the one before is answered."""
    key = thread_key("load", "one")
    with Readers([(node.live(key), 0)], origin=ORIGIN, most=count, say=lambda text: None) as readers:
        readers.open([count])
        connection = PushConnection(node.publish, may_wait=lambda seconds: seconds < ANSWER_SECONDS)
        began = time.monotonic()
        posted = 0
        while time.monotonic() < began + bench.seconds(SECONDS):
            posted += 1
            list(connection.exchange([post_request(f"/pub/{key}", frame(posted))]))
        seconds = time.monotonic() - began
        connection.close()
        time.sleep(LAST_SECONDS)
        arrived = sum(sum(arrival.ticks.values()) for arrival in readers.collect())
        lost = readers.counts().lost
    return {"frames/s": arrived / seconds, "missing": posted * count - arrived, "lost": lost}


def frame(number: int) -> bytes:
    event = {"seq": number, "type": "post.created", "post": {"id": number, "html": TEXT}}
    return json.dumps({"epoch": "e", "first": number, "last": number, "events": [event]}).encode()
