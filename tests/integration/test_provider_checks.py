"""The button that checks a site's providers: what is seen of them from here, and who is told what."""

import json
from collections.abc import Iterator

import pytest
from allauth.socialaccount.models import SocialApp
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from comments.models import Site, SiteGroup, SiteSignIn
from comments.signin import provider_checks
from comments.sites.roles import group_of
from tests import services
from tests.services import Behaviour, Service

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

GOOD = {name: f"https://id.example.org/{name}" for name in provider_checks.NEEDED}


@pytest.fixture
def provider() -> Iterator[Service]:
    with services.service(services.answers(json.dumps(GOOD))) as found:
        yield found


@pytest.fixture
def on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIBITZ_EXTERNAL_MAY_BE_PRIVATE", "1")


@pytest.fixture
def _set_up(site: Site, provider: Service) -> None:
    SocialApp.objects.create(
        provider="openid_connect",
        provider_id="idp",
        client_id="kibitz",
        name="Ours",
        settings={"server_url": provider.url},
    )
    SocialApp.objects.create(provider="github", client_id="c", secret="s")
    SiteSignIn.objects.create(site=site, providers=["idp", "github", "gitlab"])


def checked(site: Site, *, by_operator: bool = False) -> str:
    user = get_user_model().objects.create_user("olga", is_staff=True, is_superuser=by_operator)
    user.groups.add(group_of(site, SiteGroup.Role.OWNER))
    client = Client()
    client.force_login(user)
    page = client.post(reverse("site-sign-in", args=[site.pk]), {"action": "check"})
    assert page.status_code == 200
    found = page.content.decode().partition('id="checked"')[2].partition("</ul>")[0]
    return " ".join(found.split())


@pytest.mark.usefixtures("_set_up", "on_loopback")
def test_each_provider_is_said_to_be_what_it_is(site: Site, provider: Service) -> None:
    said = checked(site)

    assert "<strong>idp</strong>: its discovery document is in order." in said
    assert "<strong>github</strong>: it is set up." in said
    assert "<strong>gitlab</strong>: the operator has not set this up" in said
    assert [each.line.split()[1] for each in provider.asked] == ["/check/.well-known/openid-configuration"]


@pytest.mark.usefixtures("_set_up", "on_loopback")
@pytest.mark.parametrize(
    ("behaviour", "fault"),
    [
        (services.answers("", "404 Not Found"), "answered 404."),
        (services.answers("<html>"), "answered no JSON."),
        (services.answers("[]"), "answered no JSON object."),
        (services.answers("[" * 50_000), "answered no JSON."),
        (services.answers(json.dumps(GOOD | {"token_endpoint": 7})), "names no usable token_endpoint."),
        (services.answers(json.dumps(GOOD | {"token_endpoint": "x"})), "names no usable token_endpoint."),
        (services.answers("x" * 70_000), "answered more than 64 KiB."),
        (services.answers("", "302 Found", Location="http://127.0.0.1/"), "which is not followed."),
    ],
)
def test_what_is_wrong_is_said_to_the_operator(
    site: Site, provider: Service, behaviour: Behaviour, fault: str
) -> None:
    provider.behaviour = behaviour

    said = checked(site, by_operator=True)

    assert f"{provider.url}/.well-known/openid-configuration" in said
    assert fault in said


@pytest.mark.usefixtures("_set_up")
def test_an_address_of_the_own_network_is_not_asked_and_owners_do_not_learn_it(
    site: Site, provider: Service
) -> None:
    said = checked(site)

    assert "something is wrong with how the operator has set this up" in said
    assert "127.0.0.1" not in said
    assert provider.asked == []


@pytest.mark.usefixtures("_set_up")
def test_one_check_at_a_time(site: Site, provider: Service) -> None:
    with provider_checks._checking:
        said = checked(site)

    assert (said, provider.asked) == ("", [])
