"""Which thread a page has: its id, and the key made of it."""

from base64 import b32encode
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comments.threads.page import KEY_PATTERN, page_id_of, thread_key


@pytest.mark.parametrize(
    ("url", "page_id"),
    [
        ("https://blog.example.org/a/", "blog.example.org/a"),
        ("http://blog.example.org/a", "blog.example.org/a"),
        ("HTTPS://WWW.Blog.Example.ORG/A/b", "blog.example.org/A/b"),
        ("https://blog.example.org", "blog.example.org"),
        ("https://blog.example.org/", "blog.example.org"),
        ("https://blog.example.org:443/a", "blog.example.org/a"),
        ("http://blog.example.org:80/a", "blog.example.org/a"),
        ("https://blog.example.org:8443/a", "blog.example.org:8443/a"),
        ("https://blog.example.org/a#comments", "blog.example.org/a"),
        ("https://blog.example.org/a?id=7&lang=en", "blog.example.org/a?id=7&lang=en"),
        ("https://blog.example.org/a/?utm_source=x&id=7&fbclid=y&GCLID=z", "blog.example.org/a?id=7"),
        ("https://blog.example.org/a?utm_campaign=x", "blog.example.org/a"),
        ("https://blog.example.org/a?fbclid&mc_eid=1&_hsenc=2", "blog.example.org/a"),
        ("https://blog.example.org/a?gclid_shown=1", "blog.example.org/a?gclid_shown=1"),
        ("https://blog.example.org/a?igshidden=1", "blog.example.org/a?igshidden=1"),
        ("https://someone@blog.example.org/a", "blog.example.org/a"),
        ("  https://blog.example.org/a  ", "blog.example.org/a"),
    ],
)
def test_a_page_is_known_by_its_url_without_what_does_not_tell_pages_apart(url: str, page_id: str) -> None:
    assert page_id_of(url) == page_id


@pytest.mark.parametrize(
    "url",
    [
        "",
        "blog.example.org/a",
        "/a",
        "//blog.example.org/a",
        "javascript:alert(1)",
        "ftp://blog.example.org/a",
        "https://",
        "https:///a",
        "https://[blog",
        "https://blog.example.org:99999/",
        "https://blog.example.org:a/",
    ],
)
def test_what_is_no_web_address_has_no_page_id(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        page_id_of(url)


@pytest.mark.parametrize(
    ("site", "page_id", "key"),
    [
        ("blog", "post-42", "ofvzueldyw6ph46cvlaxoi4yqp"),
        ("demo", "/demo/", "p47rpct3f74r6pjdy5qiuivzgz"),
        ("blog", "עברית", "6vg53zgfrthz64hzo3svn6mayg"),
    ],
)
def test_these_keys_never_change(site: str, page_id: str, key: str) -> None:
    assert thread_key(site, page_id) == key


@given(st.text(), st.text())
def test_a_key_is_the_documented_formula(site: str, page_id: str) -> None:
    literal = b32encode(sha256((site + "\n" + page_id).encode()).digest()).decode().rstrip("=").lower()[:26]

    key = thread_key(site, page_id)

    assert key == literal
    assert KEY_PATTERN.fullmatch(key)
