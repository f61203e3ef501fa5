"""A comment's Markdown: the subset that it may use, and nothing that runs."""

from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comments.markup.render import SCHEMES, TAGS, render
from tests.xss_vectors import XSS_VECTORS

LINK = {"target": "_blank", "rel": "nofollow ugc noopener noreferrer"}


class Elements(HTMLParser):
    """Every element and attribute that a browser would see."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.odd: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_comment(self, data: str) -> None:
        self.odd.append(data)

    def handle_decl(self, decl: str) -> None:
        self.odd.append(decl)

    def handle_pi(self, data: str) -> None:
        self.odd.append(data)

    def unknown_decl(self, data: str) -> None:
        self.odd.append(data)


def assert_inert(html: str) -> None:
    elements = Elements(html)
    assert elements.odd == []
    for tag, attributes in elements.found:
        assert tag in TAGS, html
        allowed = {"a": {"href", "target", "rel"}, "ol": {"start"}}.get(tag, set())
        assert set(attributes) <= allowed, html
        if tag == "a":
            assert {name: attributes.get(name) for name in LINK} == LINK, html
            if "href" in attributes:
                assert urlsplit(attributes["href"] or "").scheme in SCHEMES, html


@pytest.mark.parametrize("source", XSS_VECTORS)
def test_nothing_in_an_attack_survives_that_could_run(source: str) -> None:
    assert_inert(render(source))


@given(
    st.lists(
        st.sampled_from([*XSS_VECTORS, "\n", "\n\n", "> ", "- ", "[", "](", ")", "`", "*", '"', "<", ">"])
    )
)
def test_nothing_in_a_mix_of_attacks_survives_either(parts: list[str]) -> None:
    assert_inert(render("".join(parts)))


@given(st.text())
def test_any_text_becomes_inert_html(source: str) -> None:
    assert_inert(render(source))


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("Hello.", "<p>Hello.</p>"),
        ("*a* and **b**", "<p><em>a</em> and <strong>b</strong></p>"),
        ("~~gone~~", "<p><s>gone</s></p>"),
        ("`x < y`", "<p><code>x &lt; y</code></p>"),
        ("```\nx < y\n```", "<pre><code>x &lt; y\n</code></pre>"),
        ("```python\nx = 1\n```", "<pre><code>x = 1\n</code></pre>"),
        ("> quoted", "<blockquote>\n<p>quoted</p>\n</blockquote>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("3. a\n4. b", '<ol start="3">\n<li>a</li>\n<li>b</li>\n</ol>'),
        ("one\ntwo", "<p>one<br>\ntwo</p>"),
        ("one\n\ntwo", "<p>one</p>\n<p>two</p>"),
        ("1 < 2 & 3", "<p>1 &lt; 2 &amp; 3</p>"),
        ("\\*plain\\*", "<p>*plain*</p>"),
    ],
)
def test_it_renders_the_subset(source: str, html: str) -> None:
    assert render(source) == html


@pytest.mark.parametrize(
    "source",
    ["# Title", "a | b\n--|--\n1 | 2", "---", "<b>bold</b>", "![x](https://ok.example/x.png)"],
    ids=["heading", "table", "rule", "html", "image"],
)
def test_what_is_not_in_the_subset_stays_text(source: str) -> None:
    tags = {tag for tag, _ in Elements(render(source)).found}

    assert tags <= {"p", "br", "a"}


@pytest.mark.parametrize(
    ("source", "href"),
    [
        ("[x](https://ok.example/a?b=c)", "https://ok.example/a?b=c"),
        ("<https://ok.example/>", "https://ok.example/"),
        ("see https://ok.example/a for more", "https://ok.example/a"),
        ("www.example.org", "http://www.example.org"),
        ("<alice@ok.example>", "mailto:alice@ok.example"),
    ],
)
def test_a_link_opens_a_new_tab_and_vouches_for_nothing(source: str, href: str) -> None:
    (attributes,) = [attributes for tag, attributes in Elements(render(source)).found if tag == "a"]

    assert attributes == {"href": href, **LINK}


def test_a_link_without_a_host_leads_nowhere() -> None:
    # The text stands in an iframe of Kibitz's own origin, where a relative link would mean Kibitz itself.
    assert "/admin/" not in render("[log in](/admin/)")


@pytest.mark.parametrize(
    "source",
    [
        ">" * 10_000,
        "- " * 5_000,
        "1. " * 3_333,
        "[" * 10_000,
        "![" * 5_000,
        "[a](" * 2_500,
        "*a " * 3_333,
        "**[a*_" * 1_666,
        "`" * 10_000,
        "".join("`" * length for length in range(1, 140)),
        "<" * 10_000,
        "&" * 10_000,
        "\\" * 10_000,
        "\n" * 10_000,
        "a@" * 5_000,
        "http://" + "a." * 4_990,
        "[x](http://a '\"" * 660,
        "\n".join("  " * depth + "- a" for depth in range(100)),
    ],
    ids=lambda source: repr(source[:12]),
)
def test_bombs_end_and_stay_inert(source: str) -> None:
    html = render(source)

    assert len(html) < 40 * len(source)
    assert_inert(html)
