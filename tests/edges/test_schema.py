"""Every call of the OpenAPI schema, with data that fits it and data that does not, as everybody who may ask.

What is tried is the same in each run.
"""

import json
import re
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case, GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection

from comments.sites.models import SITE_KEY_PATTERN
from comments.threads.page import KEY_PATTERN
from tests.cast import Page
from tests.edges.visitor import SITE, call, moderator_cookie, post
from tests.running import ROOT, Run

EXAMPLES: Final = 5  # at random, of a call, for each of the three who ask; the schema's limits come on top
POSTS: Final = 30
URL_CHARS: Final = 8_000  # what every server in front takes
PAGE: Final = Page(site=SITE, page_id="schema")
OPENAPI: Final = ROOT / "embed" / "openapi.json"
FITS_AND_IS_REFUSED: Final = ["2xx", "400", "401", "403", "404", "409", "410", "422", "429"]
# Why a 400 or a 422 is right for what fits the schema, which cannot say these things.
BEYOND_A_SCHEMA: Final = {
    "Null characters are not allowed.",
    "This field may not be blank.",
    "Write something first.",
    "Give page_id or url.",
    "200 at most.",
    "Not an http or https address.",
    "Enter a valid email address.",
    "Either the code or the digits are needed.",
    "Six digits.",
    "invalid_cursor",
    "idempotency_key_reused",
}

SCHEMA: Final = schemathesis.openapi.from_path(OPENAPI)
SCHEMA.config.generation.update(modes=list(GenerationMode), deterministic=True, max_examples=EXAMPLES)
# nginx refuses TRACE by itself, in its own words: test_bodies.py
SCHEMA.config.phases.coverage.unexpected_methods = {
    "get",
    "put",
    "post",
    "delete",
    "options",
    "patch",
    "query",
}
SCHEMA.config.checks.positive_data_acceptance.expected_statuses = FITS_AND_IS_REFUSED

posted: list[int] = []


@pytest.fixture(scope="module")
def visitors(running: Run) -> dict[str, dict[str, str]]:
    """The headers of a guest, of an author of every second post, and of a moderator."""
    first = post(running.port, PAGE, body="The first.")
    author = {"Authorization": f"Bearer {first.headers['x-kibitz-token']}"}
    posted[:] = [first.json()["id"]]
    for number in range(1, POSTS):
        by = author if number % 2 else {}
        parent = posted[0] if number % 3 == 0 else None
        posted.append(post(running.port, PAGE, by, body=f"Number {number}.", parent=parent).json()["id"])
    return {"guest": {}, "author": author, "moderator": {"Cookie": moderator_cookie(running)}}


@schemathesis.hook
def before_call(context: Any, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """A value that fits the schema becomes one that is there; one that does not fit stays."""
    path = case.path_parameters
    if re.fullmatch("[0-9]{1,18}", str(path.get("post_id", ""))):
        path["post_id"] = str(posted[int(path["post_id"]) % POSTS])
    if re.fullmatch(SITE_KEY_PATTERN, str(path.get("site", ""))):
        path["site"] = SITE
    if KEY_PATTERN.fullmatch(str(path.get("key", ""))):
        path["key"] = PAGE.key
        body: Any = case.body
        if isinstance(body, dict) and fits(case):
            body["page"] = PAGE.named()
            if body.get("parent") is not None:
                body["parent"] = posted[body["parent"] % POSTS]


def fits(case: Case[Any]) -> bool:
    return case.meta is not None and case.meta.generation.mode.is_positive


def is_trimmed(case: Case[Any]) -> bool:
    """Whether a text has space around it, which does not count for its length."""
    told = case.body if isinstance(case.body, dict) else {}
    return any(isinstance(value, str) and value != value.strip() for value in told.values())


def reasons(problem: dict[str, Any]) -> set[str]:
    """Why the fields are wrong; the code where no field is."""
    return {message for messages in problem["fields"].values() for message in messages} or {problem["code"]}


def test_the_served_schema_is_the_committed_one(running: Run) -> None:
    served = call(running.port, "GET", "/api/schema/", headers={"Accept": "application/json"}).json()

    assert served == json.loads(OPENAPI.read_text())


@SCHEMA.parametrize()
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@pytest.mark.parametrize("who", ["guest", "author", "moderator"])
def test_what_is_answered_is_what_the_schema_says(
    case: Case[Any], running: Run, visitors: dict[str, dict[str, str]], who: str
) -> None:
    response = case.call(base_url=running.url, headers=visitors[who])

    if len(response.request.url or "") > URL_CHARS and response.status_code in {400, 414}:
        return  # refused before it comes to the API: test_bodies.py
    case.validate_response(response, excluded_checks=[negative_data_rejection] if is_trimmed(case) else [])
    if fits(case) and response.status_code in {400, 422}:
        assert reasons(response.json()) <= BEYOND_A_SCHEMA, case.as_curl_command()
    if response.status_code >= 400:
        assert set(response.json()) - {"field_codes"} == {"code", "detail", "fields"}, case.as_curl_command()
