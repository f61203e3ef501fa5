"""How often one address may act."""

from collections.abc import Iterator

import pytest
from redis import ConnectionPool

from comments.events.redis_clients import command_client
from comments.models import Post
from comments.rest import throttles
from comments.sites.models import Site
from tests.cast import Answer, Person, page_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def writer(limited_site: Site) -> Person:
    return Person("alice", page_of(limited_site))


@pytest.fixture
def _no_redis(monkeypatch: pytest.MonkeyPatch, free_port: int) -> Iterator[None]:
    monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{free_port}/0")
    throttles._shared_limiter.cache_clear()
    yield
    throttles._shared_limiter.cache_clear()


def assert_throttled(answer: Answer) -> None:
    assert (answer.status, answer.code) == (429, "throttled")
    assert 1 <= int(answer.headers["Retry-After"]) <= 3_600


def test_the_eleventh_post_of_a_minute_waits(writer: Person) -> None:
    for _ in range(10):
        writer.posted()

    assert_throttled(writer.post())
    assert Post.objects.count() == 10


@pytest.mark.parametrize(("act", "allowed"), [("edit", 30), ("vote", 60), ("flag", 10), ("preview", 60)])
def test_every_way_to_write_has_its_rate(act: str, allowed: int, writer: Person) -> None:
    post_id = writer.posted()
    bob = Person("bob", writer.page)

    def once(number: int) -> Answer:
        match act:
            case "edit":
                return writer.edit(post_id, f"Hello, {number}.")
            case "vote":
                return bob.vote(post_id, number % 2)
            case "flag":
                return bob.flag(post_id)
        return bob.preview("Hello.")

    answers = [once(number) for number in range(allowed + 1)]

    assert {answer.status for answer in answers[:-1]} <= {200, 204}
    assert_throttled(answers[-1])


def test_a_repeated_request_is_not_counted(writer: Person) -> None:
    key = "7d1b7f0e-53c5-4a29-8cb8-1e8ab0a5a111"

    answers = [writer.post(idempotency_key=key) for _ in range(12)]

    assert {answer.status for answer in answers[1:]} == {200}


def test_another_address_is_another_count(writer: Person) -> None:
    for _ in range(10):
        writer.posted()
    writer.client.defaults["REMOTE_ADDR"] = "192.0.2.1"

    assert writer.post().status == 201


def test_reading_has_no_rate(writer: Person) -> None:
    assert {writer.snapshot().status for _ in range(70)} == {200}


def test_an_unlimited_site_has_no_rate(alice: Person) -> None:
    assert {alice.post().status for _ in range(15)} == {201}


@pytest.mark.usefixtures("_no_redis")
def test_without_redis_posting_works_and_the_process_counts_for_itself(writer: Person) -> None:
    for _ in range(10):
        writer.posted()

    assert_throttled(writer.post())


def test_the_count_is_shared_through_redis(writer: Person, redis_url: str) -> None:
    writer.posted()

    client = command_client(redis_url)
    counted = list(client.scan_iter("kibitz:rate*"))
    client.close()
    assert counted


def test_the_shared_count_uses_our_own_connections() -> None:
    pool = throttles._shared_limiter().storage.storage.connection_pool  # type: ignore[attr-defined]

    assert isinstance(pool, ConnectionPool)
    assert pool.connection_kwargs["socket_connect_timeout"] == pytest.approx(0.5)
