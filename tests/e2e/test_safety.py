"""No text and no name runs as a script in a reader's browser, or leaves its place there."""

import pytest
from playwright.sync_api import expect

from comments.markup.render import SCHEMES, TAGS
from tests.cast import Page
from tests.e2e.readers import Readers
from tests.e2e.screens import SOON_MILLISECONDS
from tests.e2e.visitors import Visitor
from tests.xss_vectors import XSS_VECTORS

pytestmark = pytest.mark.one_database

NAME_CHARS = 64
NARROW = {"width": 320, "height": 800}
ZALGO = "".join(letter + "\u0301\u0316\u0334" * 40 for letter in "zalgo")
UNRULY = {
    "a word of 10,000 characters": "w" * 10_000,
    "bidi overrides": "\u202e\u2067 evil \u202d" * 20 + "no end",
    "zalgo": f"{ZALGO} " * 5,
    "quotes, 50 deep": "> " * 50 + "deep",
    "lists, 50 deep": "\n".join("  " * depth + "- item" for depth in range(50)),
    "ordered lists": "\n".join("   " * depth + "999999999. item" for depth in range(12)),
    "a line of code": "```\n" + "c" * 5_000 + "\n```",
    "inline code": "`" + "c" * 5_000 + "`",
    "wide characters": "﷽𒐫꧅" * 300,
    "no-break spaces": "a\u00a0" * 2_000,
    "line breaks": "a\n\n" * 500,
}
OUTSIDE = """() => {
  const bounds = (element) => element.getBoundingClientRect();
  const wide = document.documentElement.scrollWidth - innerWidth;
  const posts = [...document.querySelectorAll("article")].map(bounds);
  const overlapping = posts.filter((post, index) => index && post.top < posts[index - 1].bottom - 1).length;
  const painting = [...document.querySelectorAll("article .body")]
    .filter((body) => getComputedStyle(body).contain !== "paint").length;
  return { wide, overlapping, painting };
}"""
INVENTORY = """() => {
  const inside = [...document.querySelectorAll("article .body *")];
  return {
    tags: [...new Set(inside.map((element) => element.localName))],
    attributes: [...new Set(inside.flatMap((element) => element.getAttributeNames()))],
    links: inside.filter((element) => element.href).map((element) => element.href),
    names: Object.fromEntries([...document.querySelectorAll("article")].map((article) =>
      [article.dataset.id, article.querySelector(".meta b").textContent])),
    inNames: document.querySelectorAll("article .meta b *, article .avatar *").length,
    scripts: document.querySelectorAll("script").length,
  };
}"""


def test_no_text_and_no_name_runs_as_a_script(page: Page, readers: Readers, mallory: Visitor) -> None:
    dialogs: list[str] = []
    names: dict[str, str] = {}

    def attack(vectors: list[str]) -> None:
        for vector in vectors:
            answer = mallory.post(vector, name=vector[:NAME_CHARS])
            if answer.status == 201:
                names[str(answer.data["id"])] = answer.data["author"]["name"]
            else:
                assert answer.code == "invalid"

    attack(XSS_VECTORS[::2])
    seen = readers.comments()
    seen.page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    seen.open(page.url)
    attack(XSS_VECTORS[1::2])
    expect(seen.pill).to_be_visible(timeout=SOON_MILLISECONDS)
    while seen.posts.count() < len(names):
        seen.reveal()

    inventory = seen.document.evaluate(INVENTORY)
    assert len(names) > len(XSS_VECTORS) * 0.9
    assert set(inventory["tags"]) <= TAGS
    assert set(inventory["attributes"]) <= {"href", "rel", "target", "start"}
    assert all(link.split(":")[0] in SCHEMES for link in inventory["links"])
    assert inventory["names"] == names
    assert inventory["inNames"] == 0
    assert inventory["scripts"] == 2  # the boot data and the app
    assert dialogs == []
    assert len(seen.page.frames) == 2
    seen.assert_nothing_ran()


@pytest.mark.parametrize("kind", list(UNRULY))
def test_no_text_leaves_its_place_on_a_narrow_screen(
    kind: str, page: Page, readers: Readers, mallory: Visitor, alice: Visitor
) -> None:
    before = alice.posted("Before it.")
    answer = mallory.post(UNRULY[kind], parent=before, name=ZALGO[:NAME_CHARS])
    alice.posted("After it.", parent=before)
    assert answer.status in {201, 400}, answer

    seen = readers.comments(viewport=NARROW).open(page.url)
    expect(seen.posts).to_have_count(3 if answer.status == 201 else 2)

    assert seen.document.evaluate(OUTSIDE) == {"wide": 0, "overlapping": 0, "painting": 0}
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    seen.assert_nothing_ran()
