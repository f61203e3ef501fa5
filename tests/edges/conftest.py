"""`./run` and `./run stack` for real, each with a site that lifts every limit."""

from collections.abc import Iterator

import pytest

from tests.cast import ORIGIN, Page
from tests.edges.visitor import SITE
from tests.running import Run, stack_started, started

STARTED = {"run": started, "stack": stack_started}


@pytest.fixture(scope="package", params=STARTED)
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Both in turn: Daphne over SQLite, and nginx before Granian over PostgreSQL."""
    state_dir = tmp_path_factory.mktemp(request.param) / "state"
    with STARTED[request.param](state_dir, KIBITZ_DEMO_DATA="/nonexistent") as running:
        running.manage("create_site", SITE, "--origin", ORIGIN, "--unlimited")
        yield running


@pytest.fixture
def page(request: pytest.FixtureRequest) -> Page:
    """A page of the test's own."""
    return Page(site=SITE, page_id=request.node.name)


@pytest.fixture(autouse=True)
def nothing_breaks(running: Run) -> Iterator[None]:
    """Every process is afterwards the one that it was, and none has an exception to tell of."""
    pids, said = running.pids(), len(running.log)

    yield

    assert running.pids() == pids
    assert "Traceback" not in running.log[said:]
    assert "Too many connections" not in running.log[said:]
