"""Ways in that count at once, and a real identity provider."""

from collections.abc import Iterator

import pytest

from comments.signin import providers, ways
from tests.identity_provider import identity_provider


@pytest.fixture(autouse=True)
def _ways_count_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    ways._remembered.clear()
    monkeypatch.setattr(ways, "REMEMBER_SECONDS", 0.0)
    monkeypatch.setattr(providers, "REMEMBER_SECONDS", 0.0)
    monkeypatch.setattr(providers, "_remembered", (0.0, {}))


@pytest.fixture(scope="session")
def idp() -> Iterator[str]:
    """Its address; it sends people back to these providers of ours."""
    with identity_provider(
        "http://testserver/auth/idp/callback/", "http://testserver/auth/gitlab/callback/"
    ) as address:
        yield address
