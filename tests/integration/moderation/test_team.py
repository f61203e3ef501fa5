"""Who looks after a site: its owners say so on the site's form."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from comments.audit.services import Gesture
from comments.errors import Invalid, Refused
from comments.models import Action, Site, SiteGroup
from comments.sites.roles import members, set_members
from comments.sites.team import Members, change_team, team_of
from tests.cast import ORIGIN, Person
from tests.integration.moderation.conftest import Appoint, Moderator

pytestmark = pytest.mark.django_db

OWNER, MODERATOR = SiteGroup.Role.OWNER, SiteGroup.Role.MODERATOR


@pytest.fixture
def olivia(appoint: Appoint, site: Site) -> Moderator:
    """Owns the site."""
    return appoint("olivia", site, OWNER)


@pytest.fixture
def accounts(db: None) -> list[User]:
    return [User.objects.create_user(name) for name in ("mia", "max")]


def form(**told: str) -> dict[str, str]:
    return {
        "name": "The blog",
        "origins": ORIGIN,
        "guests_may_post": "on",
        "moderation": "post",
        "closes_after_days": "0",
        "has_votes": "on",
        "has_presence": "on",
        "edit_window_seconds": "900",
        "max_posts_per_minute": "600",
        "max_votes_per_minute": "3000",
        "realtime": "on",
        "is_indexed": "on",
        "texts": "{}",
        "stylesheet": "",
        "owners": "olivia",
        "initial-owners": "olivia",
        "moderators": "",
        "initial-moderators": "",
        **told,
    }


def saved(person: Person, site: Site, **told: str) -> str:
    """What follows when the person sends the site's form."""
    path = reverse("admin:comments_site_change", args=[site.pk])
    response: Any = person.client.post(path, form(**told), follow=True)
    return f"{response.status_code} {response.content.decode()}"


def test_an_owner_appoints_and_removes_moderators(
    olivia: Moderator, site: Site, accounts: list[User]
) -> None:
    assert saved(olivia, site, moderators="mia\nmax\n").startswith("200")
    assert team_of(site) == {"owners": ["olivia"], "moderators": ["max", "mia"]}
    assert all(user.is_staff for user in members(site, MODERATOR))

    saved(olivia, site, **{"moderators": "mia", "initial-moderators": "max\nmia"})

    assert team_of(site)["moderators"] == ["mia"]
    rows = [(row.kind, row.by, row.before, row.after) for row in Action.objects.order_by("pk")]
    assert rows == [
        ("team", "olivia", {"moderators": []}, {"moderators": ["max", "mia"]}),
        ("team", "olivia", {"moderators": ["max", "mia"]}, {"moderators": ["mia"]}),
    ]


def test_the_form_shows_the_team_to_owners_alone(
    olivia: Moderator, appoint: Appoint, site: Site, accounts: list[User]
) -> None:
    set_members(site, MODERATOR, accounts)
    morgan = appoint("morgan", site)
    path = reverse("admin:comments_site_change", args=[site.pk])

    assert "max\nmia\nmorgan</textarea>" in olivia.client.get(path).content.decode().replace("\r", "")
    assert "mia" not in morgan.client.get(path).content.decode()
    assert morgan.client.post(path, form(moderators="morgan")).status_code == 403


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"moderators": "mia\nnobody"}, "There is no active account of this name: nobody"),
        ({"moderators": "<b>"}, "There is no active account of this name: &lt;b&gt;"),
        ({"owners": ""}, "At least one owner has to stay."),
        ({"owners": "  \n "}, "At least one owner has to stay."),
        ({"moderators": "a\0b"}, "Null characters are not allowed."),
        ({"moderators": "x\n" * 30_000}, "Ensure this value has at most"),
        ({"moderators": "\n".join(map(str, range(201)))}, "At most 200."),
    ],
)
def test_a_team_that_is_wrong_is_not_saved(
    wrong: dict[str, str], told: str, olivia: Moderator, site: Site, accounts: list[User]
) -> None:
    assert told in saved(olivia, site, name="Other", **wrong)

    site.refresh_from_db()
    assert (site.name, team_of(site)) == ("The blog", {"owners": ["olivia"], "moderators": []})
    assert not Action.objects.exists()


def test_an_inactive_account_cannot_be_the_last_owner(
    olivia: Moderator, site: Site, accounts: list[User]
) -> None:
    set_members(site, OWNER, [olivia.user, accounts[0]])
    User.objects.filter(username="mia").update(is_active=False)

    page = saved(olivia, site, **{"owners": "mia", "initial-owners": "mia\nolivia"})

    assert "At least one owner has to stay." in page
    assert team_of(site)["owners"] == ["mia", "olivia"]


def test_staff_of_all_sites_may_take_the_last_owner_away(
    olivia: Moderator, site: Site, morgan: Moderator
) -> None:
    User.objects.filter(username="morgan").update(is_superuser=True)

    saved(morgan, site, owners="")

    assert team_of(site)["owners"] == []


def test_who_was_removed_while_the_form_was_open_does_not_come_back(
    olivia: Moderator, site: Site, accounts: list[User]
) -> None:
    set_members(site, MODERATOR, accounts[:1])  # when the form was opened, max was one too

    saved(olivia, site, **{"name": "Other", "moderators": "max\nmia", "initial-moderators": "max\nmia"})

    site.refresh_from_db()
    assert (site.name, team_of(site)["moderators"]) == ("Other", ["mia"])


def test_an_owner_who_was_removed_while_the_form_was_open_changes_nothing(
    olivia: Moderator, site: Site, accounts: list[User]
) -> None:
    olivia.user.groups.clear()

    page = saved(olivia, site, name="Mine", moderators="mia")

    site.refresh_from_db()
    assert page.startswith("403")
    assert (site.name, team_of(site)["moderators"]) == ("The blog", [])


def test_a_role_that_ends_at_the_last_moment_counts(
    olivia: Moderator, site: Site, accounts: list[User]
) -> None:
    olivia.user.groups.clear()
    change = {"moderators": Members.between([], ["mia"])}

    with pytest.raises(Refused):
        change_team(site, Gesture(olivia.user, timezone.now()), change)
    assert team_of(site)["moderators"] == []


def test_two_owners_do_not_remove_each_other(olivia: Moderator, appoint: Appoint, site: Site) -> None:
    oscar = appoint("oscar", site, OWNER)
    change_team(site, Gesture(olivia.user, timezone.now()), {"owners": Members.between(["oscar"], [])})

    with pytest.raises(Refused):
        change_team(site, Gesture(oscar.user, timezone.now()), {"owners": Members.between(["olivia"], [])})
    with pytest.raises(Invalid):
        change_team(site, Gesture(olivia.user, timezone.now()), {"owners": Members.between(["olivia"], [])})
    assert team_of(site)["owners"] == ["olivia"]


def test_what_staff_of_all_sites_set_is_out_of_an_owners_reach(olivia: Moderator, site: Site) -> None:
    Site.objects.update(is_unlimited=False)

    saved(olivia, site, is_unlimited="on", key="other")

    site.refresh_from_db()
    assert (site.is_unlimited, site.key) == (False, "blog")
    assert olivia.client.get(reverse("admin:comments_site_add")).status_code == 403
    assert olivia.client.post(reverse("admin:comments_site_add"), form(key="mine")).status_code == 403


def test_changed_settings_are_written_down_and_others_are_not(olivia: Moderator, site: Site) -> None:
    saved(olivia, site, moderation="pre", closes_after_days="30")
    saved(olivia, site, moderation="pre", closes_after_days="30")

    row = Action.objects.get()
    assert (row.kind, row.by) == ("site", "olivia")
    assert row.before == {"moderation": "post", "closes_after_days": 0}
    assert row.after == {"moderation": "pre", "closes_after_days": 30}


def test_a_new_site_gets_its_team(accounts: list[User], site: Site, morgan: Moderator) -> None:
    User.objects.filter(username="morgan").update(is_superuser=True)

    response = morgan.client.post(
        reverse("admin:comments_site_add"), form(key="news", owners="mia", moderators="max")
    )

    assert response.status_code == 302
    assert team_of(Site.objects.get(key="news")) == {"owners": ["mia"], "moderators": ["max"]}
