"""The embed's built files: their addresses, and for how long browsers keep them."""

import gzip
from hashlib import sha256

import pytest
from django.test import Client

from comments.pages.assets import SCRIPTS, asset, script_url

pytestmark = pytest.mark.django_db


def test_the_loader_is_small_and_cached_for_an_hour() -> None:
    response = Client().get("/embed.js", headers={"Accept-Encoding": "gzip"})

    script = gzip.decompress(response.content)
    assert response.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.headers["Cache-Control"] == "public, max-age=3600"
    assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert response.headers["Vary"] == "Accept-Encoding"
    assert len(response.content) < len(script)
    assert script.decode() == asset("loader.js").text


@pytest.mark.parametrize("name", ["counts.js", "host_sso.js"])
def test_what_the_loader_adds_is_a_module_that_any_page_may_import(name: str) -> None:
    response = Client().get(f"/embed/{name}")

    assert response.content.decode() == asset(name).text
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["Cache-Control"] == "public, max-age=3600"


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_a_script_is_cached_for_ever_under_an_address_of_its_content(name: str) -> None:
    response = Client().get(script_url(name))

    digest = sha256(response.content).hexdigest()[:10]
    assert script_url(name) == f"/embed/{name}.{digest}.js"
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Content-Encoding" not in response.headers


def test_what_is_loaded_later_is_asked_for_by_its_present_address() -> None:
    texts = "".join(asset(f"{name}.js").text for name in SCRIPTS)

    assert [name for name in SCRIPTS - {"app"} if script_url(name) not in texts] == []


@pytest.mark.parametrize("path", ["app.0123456789.js", "write.0123456789.js", "nothing.0123456789.js"])
def test_another_version_of_a_script_is_not_there(path: str) -> None:
    assert Client().get(f"/embed/{path}").status_code == 404
