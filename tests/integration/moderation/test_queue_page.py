"""The page of the queue, who gets it, and what its script asks for."""

import json
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from comments.models import Site
from comments.sites.moderators import channel_of
from tests.cast import API, Person
from tests.integration.moderation.conftest import Appoint, Moderator

pytestmark = pytest.mark.django_db

PAGE = "/admin/moderation/"


def boot(moderator: Moderator) -> dict[str, Any]:
    html = moderator.client.get(PAGE).content.decode()
    found = re.search(r'<script id="moderation-boot" type="application/json">(.*?)</script>', html, re.DOTALL)
    assert found
    told: dict[str, Any] = json.loads(found[1])
    return told


def test_it_names_the_moderators_own_sites_channel_and_counts(
    morgan: Moderator, writer: Person, site: Site
) -> None:
    writer.posted("Held.")

    told = boot(morgan)

    assert [named["key"] for named in told["sites"]] == [writer.page.site]
    assert told["live"] == f"/live/moderation/{channel_of(morgan.user)}"
    assert (told["name"], told["counts"]["pending"], told["api"]) == ("morgan", 1, f"{API}moderation/")
    response = morgan.client.get(PAGE)
    assert "Held." not in response.content.decode()
    assert "<title>(1) Moderation | Kibitz" in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    assert "script" not in response["Content-Security-Policy"]  # nothing but our own files
    assert "default-src 'self'" in response["Content-Security-Policy"]


def test_counts_are_of_ones_own_sites_alone(appoint: Appoint, site: Site, writer: Person) -> None:
    writer.posted("Held elsewhere.")

    assert boot(appoint("mallory", site))["counts"]["pending"] == 0


def test_who_moderates_nothing_gets_neither_the_page_nor_a_way_to_it(db: None) -> None:
    client = Client()
    assert client.get(PAGE).status_code == 302
    client.force_login(User.objects.create_user("sam", is_staff=True))

    assert client.get(PAGE).status_code == 403
    assert PAGE not in client.get("/admin/").content.decode()


def test_who_moderates_is_shown_the_way_and_what_waits(morgan: Moderator, writer: Person) -> None:
    writer.posted("Held.")

    index = morgan.client.get("/admin/").content.decode()

    assert index.count(f'href="{PAGE}"') == 2
    assert "1 pending, 0 reported." in index
