"""Origins as browsers write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comments.errors import Invalid
from comments.sites.services import normal_origin, origin_of


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://blog.example.org", "https://blog.example.org"),
        ("HTTPS://Blog.Example.ORG/a/?b#c", "https://blog.example.org"),
        ("https://blog.example.org:443/", "https://blog.example.org"),
        ("http://blog.example.org:80", "http://blog.example.org"),
        ("http://blog.example.org:443", "http://blog.example.org:443"),
        ("http://127.0.0.1:8000/demo/", "http://127.0.0.1:8000"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
        ("https://alice:secret@blog.example.org/", "https://blog.example.org"),
        ("https://bücher.example/", "https://xn--bcher-kva.example"),
        ("https://例え.example/", "https://xn--r8jz45g.example"),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, origin: str) -> None:
    assert origin_of(url) == origin
    assert normal_origin(url) == origin


@pytest.mark.parametrize(
    "url",
    [
        "",
        "null",
        "blog.example.org",
        "//blog.example.org",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "ftp://blog.example.org",
        "https://",
        "https://[blog",
        "https://blog.example.org:99999",
        "https://blog.example.org:x",
        "https://blog example.org",
        "https://blog.example.org;script-src/",
        "https://blog.example.org,https/",
        "https://'self'",
        "https://*",
        "https://*.example.org",
        "https://blog.example.org\\@evil.example/",
        "https://evil.example\\@blog.example.org/",
        "https://\udcff.example/",
    ],
)
def test_what_has_no_origin_is_refused(url: str) -> None:
    assert origin_of(url) is None
    with pytest.raises(Invalid):
        normal_origin(url)


@given(st.text())
def test_an_origin_is_always_fit_for_a_header(text: str) -> None:
    origin = origin_of(f"https://{text}")

    if origin is not None:
        assert origin.isascii()
        assert not set(origin[len("https://") :]) & set(" \t\r\n\"'<>;,\\/?#@")
