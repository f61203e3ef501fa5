"""Posters for locust: real comments at Poisson arrivals; every 201 goes to a file with its time.

    KIBITZ_LOAD_PLAN=plan.json python -m locust --locustfile loadtest/posters.py --headless --host http://… …

`loadtest.posting` writes the plan and starts it. Each user is a Poisson process of its own, whose next post
is due however long the last one took: together they are one of the whole rate, and a slow server meets the
posts that it is late with.
"""

import itertools
import json
import os
import random
import threading
import time
from pathlib import Path
from typing import Any

from locust import FastHttpUser, events, task

from loadtest.texts import texts

PLAN: dict[str, Any] = json.loads(Path(os.environ["KIBITZ_LOAD_PLAN"]).read_text())
WEIGHTS: list[float] = PLAN["weights"]
IN_TURN = itertools.cycle(PLAN["threads"])  # without weights each thread gets as many posts as any other
TEXTS = texts()
ANSWERS = Path(PLAN["answers"]).open("w", buffering=1)  # noqa: SIM115  for as long as the process lives


class Poster(FastHttpUser):  # type: ignore[misc]  # locust is not installed where types are checked
    def on_start(self) -> None:
        self.random = random.Random()  # noqa: S311  no secret
        self.due = time.monotonic()
        time.sleep(self.wait_time())  # locust would let everybody post at once first

    def wait_time(self) -> float:
        self.due += self.random.expovariate(PLAN["per_second"] / PLAN["users"])
        return max(0.0, self.due - time.monotonic())

    @task  # type: ignore[untyped-decorator]
    def post(self) -> None:
        thread = self.random.choices(PLAN["threads"], WEIGHTS)[0] if WEIGHTS else next(IN_TURN)
        author, body = self.random.choice(TEXTS)
        with self.client.post(
            f"/api/v1/threads/{thread['key']}/posts/",
            json={"body": body, "name": author, "page": thread["page"]},
            headers={"X-Kibitz": "1"},
            name="post",
            catch_response=True,
        ) as answer:
            now = time.monotonic()
            if answer.status_code != 201:
                answer.failure(f"{answer.status_code}: {(answer.text or '')[:200]}")
                return
            ANSWERS.write(f"{thread['key']} {answer.json()['seq']} {now:.6f}\n")


@events.init.add_listener  # type: ignore[untyped-decorator]
def stop_in_time(environment: Any, **_: object) -> None:
    """Counts from when all users are there: locust's own --run-time counts its start-up too."""

    def count_down(**_: object) -> None:
        threading.Timer(PLAN["seconds"], environment.runner.quit).start()

    environment.events.spawning_complete.add_listener(count_down)


@events.quitting.add_listener  # type: ignore[untyped-decorator]
def close_answers(**_: object) -> None:
    ANSWERS.close()
