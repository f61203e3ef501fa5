"""What CSS an owner may bring along."""

import pytest
from django.core.exceptions import ValidationError

from comments.sites.stylesheet import STYLESHEET_MAX_BYTES, validate_stylesheet

GOOD = """
/* the blog's own look */
:root { --kibitz-accent: oklch(0.6 0.2 30); }
.post > .meta b::after { content: "»"; }
@media (max-width: 30em) and (prefers-color-scheme: dark) { .head { gap: calc(1rem + 2px) } }
@supports (color: color-mix(in srgb, red, blue)) { a:not([href^="https"]) { color: red !important } }
"""


def test_good_css_is_taken() -> None:
    validate_stylesheet(GOOD)
    validate_stylesheet("")
    validate_stylesheet("a { color: red")  # ends with the text, as CSS says


@pytest.mark.parametrize(
    ("css", "sentence"),
    [
        ("a { background: url(https://evil.example/x) }", "Line 1: nothing can be loaded"),
        ("a { background: URL( 'https://evil.example/x' ) }", "nothing can be loaded"),
        ("a { background: u\\72l(https://evil.example/x) }", "nothing can be loaded"),
        ("a { --x: url(data:x) }", "nothing can be loaded"),
        ("a { background: image-set('x.png' 1x) }", "nothing can be loaded"),
        ("a { width: expression(alert(1)) }", "nothing can be loaded"),
        ("@media screen { a { b { background: url(x) } } }", "nothing can be loaded"),
        ("\n\n@import 'https://evil.example/x.css';", "Line 3: @import is not possible here."),
        ("@\\69mport 'x';", "@import is not possible here."),
        ("@font-face { font-family: x }", "@font-face is not possible here."),
        ("@media screen { @import 'x'; }", "@import is not possible here."),
        ("a { -moz-binding: none }", "-moz-binding is not possible here."),
        ("a { behavior: none }", "behavior is not possible here."),
        ("</style><script>alert(1)</script>", "markup"),
        ("a { content: '</style>' }", "markup"),
        ("a } b { color: red }", "Line 1"),
        ("a { content: 'open\n }", "Line 1"),
        ("a", "Line 1"),
        ("a { color: (" + "(" * 3_000, "nested too deep"),
        ("a{}" * STYLESHEET_MAX_BYTES, f"the most is {STYLESHEET_MAX_BYTES}."),
    ],
)
def test_css_that_loads_or_is_broken_is_refused_with_its_line(css: str, sentence: str) -> None:
    with pytest.raises(ValidationError) as refused:
        validate_stylesheet(css)

    assert sentence in " ".join(refused.value.messages)
