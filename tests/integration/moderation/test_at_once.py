"""Moderators who act on one comment at the same moment, on a database that all of them have open."""

import pytest
from django.contrib.auth.models import User

from comments.models import Action, Author, Claim, Event, Post, Site
from comments.sites.services import create_site
from tests.cast import ORIGIN, Page, Person, page_of
from tests.integration.moderation.conftest import Moderator
from tests.integration.test_concurrency import all_at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def page(shared_database: None) -> Page:
    site = create_site("blog", origins=[ORIGIN])
    site.moderation = Site.Moderation.PRE
    site.save()
    return page_of(site)


@pytest.fixture
def moderators(page: Page) -> list[Moderator]:
    users = [User.objects.create_superuser(f"morgan {number}") for number in range(8)]
    return [Moderator(user, page) for user in users]


def test_one_of_eight_who_decide_wins_and_the_others_are_told(
    page: Page, moderators: list[Moderator]
) -> None:
    held = Person("alice", page).posted()
    decisions = ["approve", "reject", "spam", "delete"] * 2

    answers = all_at_once(
        8,
        lambda number: moderators[number].decide(decisions[number], held, seen={str(held): "pending"}),
    )

    outcomes = [answer.data["results"][0] for answer in answers]
    (won,) = [number for number, outcome in enumerate(outcomes) if outcome["result"] == "done"]
    losers = {outcome["result"] for number, outcome in enumerate(outcomes) if number != won}
    assert losers <= {"conflict", "unchanged"}  # who wanted the same has nothing left to do
    assert {outcome["by"] for outcome in outcomes if outcome["result"] == "conflict"} == {f"morgan {won}"}
    row = Action.objects.get()
    assert (row.by, row.kind) == (f"morgan {won}", decisions[won])
    assert Post.objects.get().status == outcomes[won]["status"]
    assert Event.objects.count() == (1 if decisions[won] == "approve" else 0)


def test_one_of_eight_who_claim_has_it_and_all_know_who(page: Page, moderators: list[Moderator]) -> None:
    held = Person("alice", page).posted()

    answers = all_at_once(8, lambda number: moderators[number].act("claims", ids=[held]))

    holders = {answer.data["claims"][str(held)] for answer in answers}
    assert holders == {Claim.objects.get().by.username}


def test_eight_replies_of_one_moderator_have_one_author(page: Page, moderators: list[Moderator]) -> None:
    morgan = moderators[0]
    User.objects.filter(pk=morgan.user.pk).update(first_name="M" * 150, last_name="W" * 150)
    held = Person("alice", page).posted()
    morgan.decide("approve", held)

    answers = all_at_once(
        8, lambda number: Moderator(morgan.user, page).act("replies", id=held, body=f"Reply {number}.")
    )

    assert {answer.status for answer in answers} == {201}
    assert {answer.data["author"]["name"] for answer in answers} == {"M" * 64}
    assert Author.objects.filter(staff=morgan.user).count() == 1
