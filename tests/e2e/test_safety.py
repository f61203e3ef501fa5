"""No text and no name runs as a script in a reader's browser."""

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
