"""Cells: which push nodes are a site's, and addresses that only Kibitz can make."""

import json
import shutil
import subprocess

import pytest

from comments import cells
from comments.cells import Cell, PushNode, cell_of, push_cells, signed_path

MAIN = {"sites": ["*"], "nodes": [{"public": "https://push.example.org/", "publish": "http://10.0.0.5:9081"}]}
BIG = {
    "sites": ["news"],
    "nodes": [{"public": "http://127.0.0.1:8091", "publish": "unix:/run/kibitz/push.sock"}],
}
KEY = "k" * 26


def test_without_the_variable_there_are_no_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(cells.VARIABLE, raising=False)

    assert push_cells() == ()
    assert cell_of("blog", ()) is None


def test_a_site_has_the_cell_that_names_it_and_else_the_one_for_all_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(cells.VARIABLE, json.dumps({"main": MAIN, "big": BIG}))

    known = push_cells()

    main = Cell("main", ("*",), (PushNode("https://push.example.org", "http://10.0.0.5:9081"),))
    assert cell_of("blog", known) == main
    assert cell_of("news", known) == known[1]
    assert known[1].nodes[0].publish == "unix:/run/kibitz/push.sock"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("main", "no JSON"),
        ("[]", "by name"),
        ('{"main": {}}', "'main'"),
        ('{"main": {"sites": [], "nodes": []}}', "'main'"),
        (json.dumps({"main": {**MAIN, "site": "blog"}}), "'main'"),
        (json.dumps({"main": {**MAIN, "nodes": [{"public": "push", "publish": "unix:/x"}]}}), '"public"'),
        (
            json.dumps({"main": {**MAIN, "nodes": [{"public": "http://a:b:c", "publish": "unix:/x"}]}}),
            '"public"',
        ),
        (json.dumps({"main": MAIN, "other": MAIN}), "two cells"),
    ],
)
def test_what_names_no_cells_is_said_clearly(monkeypatch: pytest.MonkeyPatch, value: str, said: str) -> None:
    monkeypatch.setenv(cells.VARIABLE, value)

    with pytest.raises(ValueError, match=said):
        push_cells()


def test_a_signed_address_is_what_the_secure_link_module_asks_for() -> None:
    path = signed_path(KEY, now=1_800_000_000.0, secret="s3cret")

    address, _, query = path.partition("?")
    expires, signature = (part.partition("=")[2] for part in query.split("&"))
    openssl = shutil.which("openssl")
    assert openssl is not None
    # As the module's documentation makes it by hand.
    made = subprocess.run(
        ["/bin/sh", "-c", f"printf '%s' '{expires} {KEY} s3cret' | {openssl} md5 -binary | {openssl} base64"],
        capture_output=True,
        check=True,
        text=True,
    ).stdout.strip()
    assert address == f"/live/{KEY}"
    assert signature == made.replace("+", "-").replace("/", "_").rstrip("=")


@pytest.mark.parametrize("now", [0.0, 43_199.0, 1_800_000_000.5])
def test_an_address_is_good_for_half_a_day_at_least_and_a_day_at_most(now: float) -> None:
    expires = int(signed_path(KEY, now=now, secret="s").partition("e=")[2].partition("&")[0])

    assert 12 * 3600 <= expires - now <= 24 * 3600
