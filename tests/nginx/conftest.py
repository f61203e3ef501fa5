"""A push instance that tests share where they leave it as they found it."""

from collections.abc import Iterator

import pytest

from tests.nginx.instances import Push, running_push


@pytest.fixture(scope="module")
def push() -> Iterator[Push]:
    with running_push() as instance:
        yield instance
