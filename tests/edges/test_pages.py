"""The pages without JavaScript, the feeds and the embed's document, asked for in every way that a line of
HTTP can hold: they are in no schema, so what may be answered is written here.

What is tried is the same in each run.
"""

import json
from base64 import urlsafe_b64encode
from typing import Any, Final, get_args
from urllib.parse import quote, quote_from_bytes
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from comments.threads.queries import Sort
from tests.cast import ORIGIN, Page
from tests.edges.visitor import SITE, post
from tests.nginx.talk import ask
from tests.running import Run

EXAMPLES: Final = 120  # of each kind: 4 s at most, on a machine that does nothing else
PAGE: Final = Page(site=SITE, page_id="pages")
# found, led on, not changed; not well formed, not of this site's pages, not there, too long a line
ANSWERS: Final = {200, 302, 304, 400, 403, 404, 414}

QUIET: Final = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],  # what fails is short enough, and each try to make it shorter asks a server
    suppress_health_check=list(HealthCheck),
)

ODD_TEXTS: Final = st.sampled_from(
    [
        *("", " ", ".", "..", "%", "%zz", "\x00", "\r\nX: y", "/", "//", "\\", "?", "#", "\ufeff", "\u202e"),
        *("x" * 2_000, "x" * 2_001, "é" * 3_000, "9" * 5_000, "-1", "0", "1", "1e9", "½", "None", "[]", "{}"),
        *(
            "' OR 1=1 --",
            "<script>",
            "{{7*7}}",
            "${x}",
            "javascript:alert(1)",
            "http://[",
            "http://a:b@c:99999",
        ),
    ]
)
BYTES: Final = st.one_of(
    st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.binary(max_size=40),
    ODD_TEXTS.map(str.encode),
)
ENCODED: Final = st.one_of(
    BYTES.map(quote_from_bytes), st.sampled_from(["%", "%zz", "%e0%a4%a", "+", "&", "=", ";"])
)


def cursor_of(told: Any) -> str:
    return urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")


SORTS: Final = st.sampled_from(get_args(Sort))
ANY_JSON: Final = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.lists(st.integers(), max_size=2),
)
MOMENTS: Final = st.one_of(
    st.datetimes(timezones=st.timezones()).map(lambda moment: moment.isoformat()),
    st.sampled_from(["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-02-30T00:00:00+00:00"]),
)
CURSORS: Final = st.one_of(
    st.tuples(SORTS, st.one_of(MOMENTS, ANY_JSON), st.one_of(st.integers(), ANY_JSON)).map(cursor_of),
    ANY_JSON.map(cursor_of),
)
FITTING: Final[dict[str, st.SearchStrategy[str]]] = {
    "page_id": st.just(PAGE.page_id),
    "url": st.sampled_from(
        [PAGE.url, ORIGIN, f"{ORIGIN}/ü?a=b#c", "https://elsewhere.example/", "//x", "ftp://x"]
    ),
    "title": st.text(max_size=20),
    "sort": SORTS,
    "cursor": CURSORS,
    "root": st.one_of(st.integers(0, 40), st.integers()).map(str),
    "after": st.one_of(st.integers(0, 40), st.integers()).map(str),
    "lang": st.sampled_from(["de", "ar", "de-AT", "EN", "x-y", "zh-Hant-TW"]),
    "theme": st.sampled_from(["dark", "auto", "blue"]),
    "read_only": st.sampled_from(["1", "0"]),
}


def mostly(right: st.SearchStrategy[str], wrong: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Most of what is wrong shows where all else is right."""
    return st.sampled_from([right] * 5 + [wrong]).flatmap(lambda kind: kind)


@st.composite
def queries(draw: st.DrawFn) -> str:
    """What the pages know, mostly with a value that could be right; names may come twice."""
    names = draw(st.lists(st.sampled_from(sorted(FITTING)), max_size=4))
    fitting = {
        name: values.map(lambda text: quote(text, errors="replace")) for name, values in FITTING.items()
    }
    parts = [f"{name}={draw(mostly(fitting[name], ENCODED))}" for name in names]
    parts.insert(0, draw(mostly(st.just(f"page_id={PAGE.page_id}"), ENCODED)))
    return "&".join(parts)


SITES: Final = mostly(st.just(SITE), st.sampled_from(["demo", "nobody", SITE.upper()]) | ENCODED.filter(bool))
NO_KEYS: Final = ["a" * 26, "a" * 25, PAGE.key.upper(), "fragment", "atom"]
KEYS: Final = mostly(st.just(PAGE.key), st.sampled_from(NO_KEYS) | ENCODED.filter(bool))
ETAGS: Final = st.sampled_from(["", "*", '""', 'W/"x"', '"', ", ,", "\xff", 'W/"e1-7"'])


@pytest.fixture(scope="module", autouse=True)
def a_thread(running: Run) -> None:
    first = post(running.port, PAGE, body="The first.").json()["id"]
    for number in range(30):
        post(running.port, PAGE, body=f"Number *{number}*.", parent=first if number % 3 == 0 else None)


@QUIET
@given(
    site=SITES,
    key=st.none() | KEYS,
    kind=st.sampled_from(["", "fragment/", "atom/"]),
    query=queries(),
    etag=ETAGS,
)
def test_every_page_and_feed_answers_as_it_may(
    running: Run, site: str, key: str | None, kind: str, query: str, etag: str
) -> None:
    path = f"/t/{site}/{kind}" if key is None else f"/t/{site}/{key}/{kind}"

    answer = ask(running.port, "GET", f"{path}?{query}", {"If-None-Match": etag})

    assert answer.status in ANSWERS, (path, query, answer.body[:500])
    if answer.status == 302:
        assert answer.headers["location"].startswith("/t/"), (path, query)
    if answer.status == 200 and "atom+xml" in answer.headers["content-type"]:
        ET.fromstring(answer.body)


@QUIET
@given(site=SITES, query=queries())
def test_the_embeds_document_answers_as_it_may(running: Run, site: str, query: str) -> None:
    path = f"/embed/{site}/"

    answer = ask(running.port, "GET", f"{path}?{query}")

    assert answer.status in ANSWERS - {302, 304}, (path, query, answer.body[:500])
    if answer.status == 200:
        _, _, rest = answer.body.partition(b'id="kibitz-boot">')
        assert json.loads(rest.partition(b"</script>")[0])["site"] == site, (path, query)


@pytest.mark.parametrize("kind", ["", "fragment/", "atom/"])
def test_pages_and_feeds_are_for_reading_alone(running: Run, kind: str) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        answer = ask(running.port, method, f"/t/{SITE}/{PAGE.key}/{kind}")

        assert answer.status in {403, 405}, method  # the first as for every form that is not ours
