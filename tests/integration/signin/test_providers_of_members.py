"""A member adds a provider, by way of a real one."""

import pytest
from allauth.socialaccount.models import SocialApp

from tests.identity_provider import at_provider
from tests.integration.signin.member import Member, providers_of
from tests.integration.signin.popups import Popup, code_in, text_of


@pytest.mark.one_database
def test_a_member_adds_the_account_that_they_are_shown(ann: Member, app: SocialApp) -> None:
    verifier = ann.begins()
    popup = Popup(verifier)

    page = popup.back(at_provider(popup.opened(add="1")["Location"], login="ann.elsewhere"))
    answer = ann.takes(verifier, code_in(page))

    assert "The provider knows you as ann.elsewhere@example.org" in text_of(page)
    assert [(way["provider"], way["name"]) for way in answer.data["ways"]] == [("idp", "The provider")]
    assert providers_of(ann.author) == ["idp"]


@pytest.mark.one_database
def test_trying_again_is_still_adding(ann: Member, app: SocialApp) -> None:
    popup = Popup(ann.begins())

    page = popup.back(at_provider(popup.opened(add="1")["Location"], deny="1"))

    assert "add=1" in page.content.decode()
