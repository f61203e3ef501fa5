"""One real `./run stack`, and a site on it."""

from collections.abc import Iterator

import pytest

from tests.cast import ORIGIN, Page
from tests.running import StackRun, stack_started


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackRun]:
    """Everything that `./run stack` starts, in a directory that other accounts cannot enter."""
    with stack_started(tmp_path_factory.mktemp("stack") / "state", KIBITZ_DEMO_DATA="/nonexistent") as stack:
        stack.manage("create_site", "blog", "--origin", ORIGIN, "--unlimited")
        yield stack


@pytest.fixture
def page(request: pytest.FixtureRequest) -> Page:
    """A page of the test's own on the site `blog`, which lifts every posting limit."""
    return Page(site="blog", page_id=request.node.name)
