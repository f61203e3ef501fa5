"""Who must have a second factor, and who lost theirs."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from comments.models import Action, Site, SiteGroup
from comments.sites.roles import group_of
from tests.cast import Person
from tests.integration.accounts.staff import (
    is_in,
    log_in,
    set_up_app,
    staff,
    with_app,
)

pytestmark = [pytest.mark.django_db]

QUEUE = "/api/v1/moderation/posts/"


@pytest.fixture
def required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIBITZ_REQUIRE_SECOND_FACTOR", "1")


@pytest.mark.parametrize("path", [reverse("admin:index"), reverse("moderation"), reverse("status")])
def test_where_a_second_factor_is_demanded_who_has_none_is_led_to_it(
    path: str, required: None, browser: Client
) -> None:
    staff(is_superuser=True)

    log_in(browser)
    page: Any = browser.get(path, follow=True)

    assert page.redirect_chain[-1][0] == reverse("mfa_index")
    assert "Set up a second factor first" in page.content.decode()


def test_and_reaches_nothing_else(required: None, browser: Client, site: Site) -> None:
    user = staff()
    user.groups.add(group_of(site, SiteGroup.Role.MODERATOR))
    log_in(browser)

    read = browser.get(QUEUE)
    told = {"ids": [1], "action": "approve"}
    written = browser.post(
        "/api/v1/moderation/decisions/", told, "application/json", headers={"X-Kibitz": "1"}
    )
    lists = browser.get(reverse("admin:comments_post_changelist"))

    assert (read.status_code, read.json()["code"]) == (403, "second_factor_missing")
    assert (written.status_code, written.json()["code"]) == (403, "second_factor_missing")
    assert lists.status_code == 302


def test_until_there_is_one(required: None, browser: Client, site: Site) -> None:
    staff().groups.add(group_of(site, SiteGroup.Role.MODERATOR))
    log_in(browser)

    set_up_app(browser)

    assert is_in(browser)
    assert browser.get(QUEUE).status_code == 200


def test_recovery_codes_alone_are_no_second_factor(required: None, browser: Client) -> None:
    user = staff()
    log_in(browser)
    Authenticator.objects.create(user=user, type=Authenticator.Type.RECOVERY_CODES, data={})

    assert not is_in(browser)


def test_elsewhere_who_has_none_is_a_reader_like_any_other(required: None, morgan: Person) -> None:
    answer = morgan.post("Hello")

    assert answer.status == 201
    assert "badge" not in answer.data["author"]


def test_by_default_nobody_needs_one(browser: Client) -> None:
    staff()
    log_in(browser)

    assert is_in(browser)


def test_a_superuser_removes_the_factor_of_who_lost_it_and_it_is_written_down(morgan: Person) -> None:
    bob = staff("bob")
    with_app(bob)
    inside = Client()
    inside.force_login(bob)
    assert is_in(inside)

    chosen = {"action": "remove_factor", "_selected_action": [bob.pk]}
    morgan.client.post(reverse("admin:auth_user_changelist"), chosen)

    assert not Authenticator.objects.filter(user=bob).exists()
    assert not is_in(inside)
    row = Action.objects.get()
    assert (row.kind, row.by, row.site) == ("factor", "morgan", None)
    assert row.before == {"account": "bob", "second_factor": ["recovery_codes", "totp"]}
    log = morgan.client.get(reverse("admin:comments_action_changelist")).content.decode()
    assert "recovery_codes" in log
    for form in ("csv", "jsonl"):
        export: Any = morgan.client.get(reverse("admin:comments_action_export", args=[form]))
        assert b"bob" in b"".join(export.streaming_content)
    change = reverse("admin:comments_action_change", args=[row.pk])
    assert morgan.client.get(change).status_code == 200


def test_not_their_own_and_not_without_being_a_superuser(morgan: Person) -> None:
    helper = staff("helper")
    helper.user_permissions.set(User._meta.apps.get_model("auth", "Permission").objects.all())
    by_helper = Client()
    by_helper.force_login(helper)
    super_user = User.objects.get(username="morgan")
    for user in (helper, super_user):
        Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={})

    for client, user in ((morgan.client, super_user), (by_helper, super_user)):
        chosen = {"action": "remove_factor", "_selected_action": [user.pk]}
        client.post(reverse("admin:auth_user_changelist"), chosen)

    assert Authenticator.objects.count() == 2
    assert not Action.objects.exists()


def test_owners_see_nothing_of_others_factors(site: Site, morgan: Person) -> None:
    owner, bob = staff("owner"), staff("bob")
    owner.groups.add(group_of(site, SiteGroup.Role.OWNER))
    bob.groups.add(group_of(site, SiteGroup.Role.MODERATOR))
    with_app(bob)
    chosen = {"action": "remove_factor", "_selected_action": [bob.pk]}
    morgan.client.post(reverse("admin:auth_user_changelist"), chosen)
    browser = Client()
    browser.force_login(owner)

    actions = browser.get(reverse("admin:comments_action_changelist"))
    row = browser.get(reverse("admin:comments_action_change", args=[Action.objects.get().pk]))
    users = browser.get(reverse("admin:auth_user_changelist"))

    assert "bob" not in actions.content.decode()
    assert row.status_code in {302, 403}
    assert users.status_code == 403


def test_the_command_removes_a_factor(browser: Client, capsys: pytest.CaptureFixture[str]) -> None:
    bob = staff("bob")
    with_app(bob)
    UserSession.objects.create(user=bob, ip="192.0.2.1", session_key="x", user_agent="")

    call_command("reset_second_factor", "bob")

    log_in(browser, "bob")
    assert is_in(browser)
    assert not UserSession.objects.filter(session_key="x").exists()
    assert Action.objects.get().by == "Kibitz"
    for nobody in ("bob", "nobody"):
        with pytest.raises(CommandError):
            call_command("reset_second_factor", nobody)
