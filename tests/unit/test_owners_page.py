"""embed/OWNERS.md names exactly what the code has: each attribute, event, method and token, and no other."""

import re
from typing import Final

import pytest
from django.conf import settings

EMBED: Final = settings.BASE_DIR / "embed"
PAGE: Final = (EMBED / "OWNERS.md").read_text(encoding="utf-8")
LOADER: Final = (EMBED / "src" / "loader.ts").read_text(encoding="utf-8")
HOST_SSO: Final = (EMBED / "src" / "host_sso.ts").read_text(encoding="utf-8")
HOST_MESSAGES: Final = (EMBED / "src" / "host_messages.ts").read_text(encoding="utf-8")
STYLE: Final = (EMBED / "src" / "app.css").read_text(encoding="utf-8")
TEMPLATES: Final = settings.BASE_DIR / "comments" / "pages" / "templates" / "kibitz"
VIEWS: Final = "".join(
    path.read_text(encoding="utf-8")
    for path in [*(EMBED / "src").rglob("*.ts"), *TEMPLATES.glob("embed_*.html")]
)
COMMENTS: Final = LOADER[LOADER.index("class Comments") : LOADER.index("class Count")]


def documented(section: str) -> set[str]:
    """The names in the first column of a section's tables."""
    text = re.split(r"^## ", PAGE, flags=re.MULTILINE)
    found = next(part for part in text if part.startswith(section))
    rows = re.findall(r"^\| (`.*?) \|", found, flags=re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


def test_every_attribute_is_there() -> None:
    observed = re.search(r"observedAttributes = \[(.*?)\]", COMMENTS, re.DOTALL)
    assert observed
    read = re.findall(r'(?:getAttribute|hasAttribute|asked)\("([\w-]+)"\)', COMMENTS)

    assert documented("Attributes of") == set(re.findall(r'"([\w-]+)"', observed[1])) | {"loading"}
    assert documented("Attributes of") >= set(read)


def test_every_event_is_there() -> None:
    passed_on = re.search(r'((?:kind === "\w+"(?: \|\| )?){3})', COMMENTS)
    assert passed_on

    told = {*re.findall(r'"(\w+)"', passed_on[1]), *re.findall(r'#tell\("(\w+)"', COMMENTS)}
    assert documented("Events") == {f"kibitz:{name}" for name in told}


def test_every_method_is_there() -> None:
    methods = set(re.findall(r"^  (\w+)\(.*\): void \{$", COMMENTS, flags=re.MULTILINE))

    public = {name for name in methods if not name.endswith("Callback")}
    assert {name.partition("(")[0] for name in documented("Methods")} == public


def test_what_sites_with_accounts_have_is_there() -> None:
    section = PAGE[PAGE.index("## Readers of your own") : PAGE.index("## Counts")]
    events = {f"kibitz:{name}" for name in re.findall(r'tell\(element, "(\w+)"', HOST_SSO)}
    methods = {f"{name}()" for name in re.findall(r"element\.(sign\w+) = ", HOST_SSO)}
    attribute = set(re.findall(r'ATTRIBUTE = "([\w-]+)"', HOST_SSO))

    named = {name for name in re.findall(r"`([^`]+)`", section) if re.match(r"kibitz:|sign|sso-", name)}
    assert named == events | methods | attribute


def test_every_token_is_there_and_has_a_value_of_ours() -> None:
    tokens = re.search(r"TOKENS = \[(.*?)\]", HOST_MESSAGES, re.DOTALL)
    assert tokens

    names = {f"--kibitz-{name}" for name in re.findall(r'"(\w+)"', tokens[1])}
    assert {name for name in documented("Look") if name.startswith("--")} == names
    assert set(re.findall(r"--kibitz-[\w-]+", STYLE)) == names


@pytest.mark.parametrize("name", sorted(name for name in documented("Look") if name.startswith(".")))
def test_every_class_is_one(name: str) -> None:
    assert re.search(rf'["\s`]{name[1:]}["\s`]', VIEWS), name


def test_the_readme_leads_here() -> None:
    assert "embed/OWNERS.md" in (settings.BASE_DIR / "README.md").read_text(encoding="utf-8")
