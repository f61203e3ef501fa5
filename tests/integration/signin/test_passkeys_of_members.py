"""The popup where a member adds a passkey, and where a new one is named."""

import re
from html import unescape
from typing import Any

import pytest

from comments.identity.models import Author, Identity
from comments.signin.models import Handoff, Passkey
from comments.sites.models import Site
from tests.cast import Person
from tests.integration.signin.member import Member, verifiers
from tests.integration.signin.test_passkeys import Key, Popup


def code_in(page: Any) -> str:
    found = re.search(r'data-code="([^"]+)"', page.content.decode())
    assert found, page.content.decode()
    return found[1]


def added(member: Member, key: Key) -> Popup:
    popup = Popup(member.begins(), add="1")
    page = popup.answer(key.created(popup.asked("create")), member.name)
    answer = member.takes(popup.verifier, code_in(page))
    assert answer.status == 200, answer
    return popup


def test_a_member_adds_a_passkey_and_comes_back_by_it(ann: Member, bob: Person) -> None:
    key = Key()
    added(ann, key)

    popup = Popup(next(verifiers))
    answer = popup.taken(bob, popup.answer(key.used(popup.asked("use"))))

    assert answer.data["author"]["key"] == ann.author.public_key
    assert Author.objects.get().name == "Ann"


def test_a_device_is_told_which_passkeys_there_are(ann: Member, bea: Member) -> None:
    added(bea, Key())
    added(ann, key := Key())

    offered = Popup(ann.begins(), add="1").asked("create")

    own = Passkey.objects.get(handle=key.handle)
    assert [each["id"] for each in offered["excludeCredentials"]] == [own.credential_id]
    assert not Popup(next(verifiers)).asked("create").get("excludeCredentials")


@pytest.mark.one_database
def test_the_name_is_the_members(ann: Member) -> None:
    page = Popup(ann.begins(), add="1").page.content.decode()

    assert '<input type="hidden" name="name" value="Ann">' in page
    assert "Add a passkey" in page


@pytest.mark.one_database
def test_a_popup_knows_what_it_was_begun_for(ann: Member, site: Site) -> None:
    begun = ann.begins()

    for popup in (Popup(begun), Popup(next(verifiers), add="1")):
        assert (popup.page.status_code, b"data-create" in popup.page.content) == (400, False)


@pytest.mark.one_database
def test_who_has_signed_out_meanwhile_adds_nothing(ann: Member) -> None:
    key, popup = Key(), Popup(ann.begins(), add="1")
    ann.session.delete()

    page = popup.answer(key.created(popup.asked("create")), "Ann")

    assert (page.status_code, b"data-code" in page.content) == (403, False)
    assert not Handoff.objects.exists()


@pytest.mark.one_database
def test_who_is_refused_and_has_signed_out_is_told_to_begin_again(ann: Member) -> None:
    popup = Popup(ann.begins(), add="1")
    ann.session.delete()

    page = popup.answer("{}")

    assert (page.status_code, b"Nobody was signed in" in page.content) == (400, True)


def test_a_name_of_staff_is_asked_for_again(alice: Person, site: Site) -> None:
    key, popup = Key(), Popup()

    page = popup.answer(key.created(popup.asked("create")), "Admin")
    assert page.status_code == 403
    assert "belongs to somebody" in unescape(page.content.decode())
    assert popup.answer("", "Moderator").status_code == 403
    assert popup.answer("", " ").status_code == 403
    answer = popup.taken(alice, popup.answer("", "Ann"))

    assert (answer.status, answer.data["author"]["name"]) == (200, "Ann")
    assert Passkey.objects.get().name == "Ann"
    assert Identity.objects.get().author.name == "Ann"


@pytest.mark.one_database
def test_a_member_whose_name_is_staffs_by_now_still_comes_in(alice: Person, site: Site) -> None:
    key, popup = Key(), Popup("1" * 43)
    popup.taken(alice, popup.answer(key.created(popup.asked("create")), "Ann"))
    Passkey.objects.update(name="Admin")
    popup = Popup("2" * 43)

    assert popup.taken(alice, popup.answer(key.used(popup.asked("use")))).status == 200
