"""What comes on moderators' live channels, through real sockets: of their own sites, while they moderate."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import Mock

import pytest
from channels.routing import URLRouter
from django.contrib.auth.models import User
from django.utils import timezone
from websockets.sync.client import connect

from comments.audit.services import Gesture
from comments.events import request_redis
from comments.events.live_group import publishing
from comments.models import SiteGroup
from comments.moderation import claims
from comments.moderation.services import Decision, decide
from comments.sites.moderators import channel_of
from comments.sites.roles import group_of
from realtime.routing import live_application
from tests.cast import Person
from tests.integration.moderation.two_sites import Tenant, TwoSites
from tests.integration.realtime.conftest import Process, process_starter

pytestmark = pytest.mark.django_db

SECONDS = 10
LAST = '{"moderation":{"last":true}}'

Commits = Callable[..., Any]


@pytest.fixture(scope="module")
def server(redis_url: str) -> Iterator[Process]:
    with process_starter(redis_url) as start:
        yield start("realtime.server", "--port", "0")


def busy(tenant: Tenant, commits: Commits) -> None:
    """Everything that moderators are told of happens on the site."""
    root = User.objects.filter(is_superuser=True).first() or User.objects.create_superuser("root")
    gesture = Gesture(root, timezone.now())
    writer = Person("writer", tenant.page)
    with commits(execute=True):
        tenant.site.moderation = "pre"
        tenant.site.save()
        held = writer.posted("held back")
        claims.claim([held], gesture)
        claims.release([held], gesture)
        decide(Decision.APPROVE, [held], gesture)
        Person("reporter", tenant.page).flag(held, reason="rude")
        decide(Decision.SPAM, [held], gesture)


def frames(server: Process, path: str, act: Callable[[], None], channel: str) -> list[Any]:
    """What a socket gets of what happens, in the end of which something comes that is always told."""
    port = server.first_line.rpartition(":")[2]
    got: list[Any] = []
    with connect(f"ws://127.0.0.1:{port}{path}{channel}") as connection:
        act()
        request_redis.ask(publishing(channel, LAST))
        while True:
            frame = json.loads(connection.recv(SECONDS))
            if frame.get("moderation") == {"last": True}:
                return got
            if "readers" not in frame:
                got.append(frame)


def told(server: Process, user: User, act: Callable[[], None]) -> list[Any]:
    return frames(server, "/live/moderation/", act, channel_of(user))


def test_the_kinds_of_live_addresses_are_these() -> None:
    """Each is in this walk: a thread's and a site's counts carry what is public, a moderator's is below."""
    application: Any = live_application(Mock(), Mock())
    router = application.application_mapping["websocket"]
    assert isinstance(router, URLRouter)

    assert [str(route.pattern) for route in router.routes] == [
        r"^live/counts/(?P<key>[^/]+)$",
        r"^live/(?:moderation/)?(?P<key>[^/]+)$",
        "",
    ]


@pytest.mark.parametrize("role", [SiteGroup.Role.MODERATOR, SiteGroup.Role.OWNER])
def test_a_moderators_socket_brings_its_own_site_alone(
    role: SiteGroup.Role, world: TwoSites, server: Process, django_capture_on_commit_callbacks: Commits
) -> None:
    user = User.objects.create_user("looker", is_staff=True)
    user.groups.add(group_of(world.a.site, role))

    of_another = told(server, user, lambda: busy(world.b, django_capture_on_commit_callbacks))
    of_its_own = told(server, user, lambda: busy(world.a, django_capture_on_commit_callbacks))

    assert of_another == []
    assert {name for frame in of_its_own for name in frame["moderation"]} >= {"entered", "claims", "changed"}
    assert "held back" not in json.dumps(of_its_own)  # numbers and names, never what a post says
    for tenant in world.tenants:
        assert tenant.leaks_in(json.dumps(of_its_own), but_public=False) == []


@pytest.mark.parametrize("end", ["removed", "deactivated", "no staff", "another password"])
def test_nothing_comes_once_the_role_is_gone(
    end: str, world: TwoSites, server: Process, django_capture_on_commit_callbacks: Commits
) -> None:
    user = User.objects.create_user("looker", is_staff=True)
    user.groups.add(group_of(world.a.site, SiteGroup.Role.MODERATOR))

    def ends() -> None:
        match end:
            case "removed":
                user.groups.clear()
            case "deactivated":
                User.objects.filter(pk=user.pk).update(is_active=False)
            case "no staff":
                User.objects.filter(pk=user.pk).update(is_staff=False)
            case "another password":
                User.objects.filter(pk=user.pk).update(password="!another")
        busy(world.a, django_capture_on_commit_callbacks)

    before = told(server, user, lambda: busy(world.a, django_capture_on_commit_callbacks))
    after = told(server, user, ends)

    assert before
    assert after == []


def test_a_staff_account_without_a_role_hears_nothing(
    world: TwoSites, server: Process, django_capture_on_commit_callbacks: Commits
) -> None:
    user = User.objects.create_user("looker", is_staff=True)

    assert told(server, user, lambda: busy(world.a, django_capture_on_commit_callbacks)) == []


def test_a_superuser_hears_of_every_site(
    world: TwoSites, server: Process, django_capture_on_commit_callbacks: Commits
) -> None:
    user = User.objects.create_superuser("looker")

    for tenant in world.tenants:
        assert told(server, user, lambda of=tenant: busy(of, django_capture_on_commit_callbacks))  # type: ignore[misc]


def test_a_threads_socket_brings_nothing_of_what_is_held(
    world: TwoSites, server: Process, django_capture_on_commit_callbacks: Commits
) -> None:
    """What moderators hear of goes to their own channels, and not to the readers'."""
    writer = Person("writer", world.a.page)

    def holds() -> None:
        world.a.site.moderation = "pre"
        world.a.site.save()
        with django_capture_on_commit_callbacks(execute=True):
            writer.posted("held back")

    assert frames(server, "/live/", holds, world.a.thread.key) == []
