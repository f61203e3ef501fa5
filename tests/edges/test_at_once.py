"""Two hundred at the same moment, over HTTP: nothing is lost or counted twice, and nobody is refused."""

from collections import Counter
from uuid import uuid4

from tests.cast import API, Page
from tests.edges.visitor import all_at_once, call, post
from tests.running import Run

MANY = 200


def test_requests_under_one_key_make_one_post(running: Run, page: Page) -> None:
    headers = {"Idempotency-Key": str(uuid4())}

    answers = all_at_once(MANY, lambda _: post(running.port, page, headers))

    assert Counter(answer.status for answer in answers) == {201: 1, 200: MANY - 1}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert head(running, page) == 1


def test_the_first_posts_of_a_page_are_numbered_densely(running: Run, page: Page) -> None:
    answers = all_at_once(MANY, lambda number: post(running.port, page, body=f"{number}"))

    assert {answer.status for answer in answers} == {201}
    assert sorted(answer.json()["seq"] for answer in answers) == list(range(1, MANY + 1))
    assert head(running, page) == MANY
    assert seqs_of_events(running, page) == list(range(1, MANY + 1))


def test_posts_into_a_thread_that_is_there_are_numbered_densely(running: Run, page: Page) -> None:
    post(running.port, page)

    answers = all_at_once(MANY, lambda number: post(running.port, page, body=f"{number}"))

    assert {answer.status for answer in answers} == {201}
    assert sorted(answer.json()["seq"] for answer in answers) == list(range(2, MANY + 2))


def test_replies_to_one_parent_are_all_counted(running: Run, page: Page) -> None:
    parent = post(running.port, page).json()["id"]

    answers = all_at_once(MANY, lambda _: post(running.port, page, parent=parent))

    assert {answer.status for answer in answers} == {201}
    assert look(running, parent)["replies"] == MANY


def test_votes_on_one_post_are_all_counted(running: Run, page: Page) -> None:
    post_id = post(running.port, page).json()["id"]

    answers = all_at_once(
        MANY,
        lambda number: call(
            running.port, "PUT", f"{API}posts/{post_id}/vote/", {"value": 1 if number % 4 else -1}
        ),
    )

    assert {answer.status for answer in answers} == {200}
    voted = look(running, post_id)
    assert (voted["up"], voted["down"], voted["score"]) == (150, 50, 100)


def test_of_edits_and_deletions_at_once_one_deletion_wins(running: Run, page: Page) -> None:
    first = post(running.port, page)
    path, post_id = f"{API}posts/{first.json()['id']}/", first.json()["id"]
    headers = {"Authorization": f"Bearer {first.headers['x-kibitz-token']}"}

    answers = all_at_once(
        40,
        lambda number: (
            call(running.port, "PATCH", path, {"body": f"Edit {number}."}, headers)
            if number % 2
            else call(running.port, "DELETE", path, None, headers)
        ),
    )

    statuses = Counter(answer.status for answer in answers)
    assert statuses[204] == 1
    assert set(statuses) <= {200, 204, 409}
    stub = look(running, post_id)
    assert (stub["status"], stub["html"], stub["edited"]) == ("deleted", "", None)
    assert stub["seq"] == head(running, page) == 1 + statuses[200] + statuses[204]
    assert seqs_of_events(running, page) == list(range(1, stub["seq"] + 1))


def head(running: Run, page: Page) -> int:
    seq: int = call(running.port, "GET", page.path + "head/").json()["seq"]
    return seq


def seqs_of_events(running: Run, page: Page) -> list[int]:
    events = call(running.port, "GET", page.path + "events/?after=0").json()["events"]
    return [event["seq"] for event in events]


def look(running: Run, post_id: int) -> dict[str, object]:
    found: dict[str, object] = call(running.port, "GET", f"{API}posts/{post_id}/").json()
    return found
