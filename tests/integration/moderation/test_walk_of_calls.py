"""Every call of the API, and all else that is served, as everybody: nobody sees or changes what is another
site's.

What is not listed here fails: a new call or address has to say here how it is asked.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final
from uuid import uuid4

import pytest
from drf_spectacular.generators import SchemaGenerator

from tests.integration.moderation.routes import ROUTES
from tests.integration.moderation.two_sites import Looker, Tenant, TwoSites, each_role

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

Call = Callable[[Tenant], Iterator[tuple[dict[str, str], Any]]]  # query and body, for each time it is asked
V1: Final = "/api/v1/"


def moderated(call: str, *bodies: Callable[[Tenant], dict[str, Any]]) -> dict[tuple[str, str], Call]:
    return {("post", f"{V1}moderation/{call}/"): lambda tenant: iter([({}, body(tenant)) for body in bodies])}


def ids(tenant: Tenant) -> list[int]:
    return [post["id"] for post in tenant.rows()["Post"]]


def queue(tenant: Tenant) -> Iterator[tuple[dict[str, Any], None]]:
    for name in ("pending", "reported", "spam", "shadowed", "all"):
        yield {"queue": name}, None
        yield {"queue": name, "order": "oldest", "q": "secret"}, None
        yield {"queue": name, "author": tenant.author.pk}, None
        yield {"queue": name, "thread": tenant.thread.pk}, None
        yield {"queue": name, "site": tenant.site.key}, None
    yield {"queue": "all", "q": tenant.address}, None
    yield {"id": ids(tenant)}, None


MODERATION: Final[dict[tuple[str, str], Call]] = {
    ("get", V1 + "moderation/posts/"): queue,
    **moderated(
        "decisions",
        *(
            (lambda tenant, decision=decision: {"decision": decision, "ids": ids(tenant)})
            for decision in ("approve", "reject", "spam", "delete")
        ),
    ),
    **moderated("undo", lambda tenant: {"batch": str(tenant.action.batch)}),
    **moderated(
        "claims",
        lambda tenant: {"ids": ids(tenant)},
        lambda tenant: {"ids": ids(tenant), "take_over": True},
    ),
    **moderated("releases", lambda tenant: {"ids": ids(tenant)}),
    **moderated(
        "bans",
        lambda tenant: {"author": tenant.author.pk, "posts": "all"},
        lambda tenant: {"post": tenant.posts["pending"].pk, "is_shadow": True},
    ),
    **moderated("pins", lambda tenant: {"id": tenant.posts["published"].pk}),
    **moderated("features", lambda tenant: {"id": tenant.posts["published"].pk}),
    **moderated(
        "replies",
        lambda tenant: {"id": tenant.posts["published"].pk, "body": "forged"},
    ),
    ("patch", V1 + "posts/{post_id}/"): lambda tenant: iter([({}, {"body": "forged"})]),
    ("delete", V1 + "posts/{post_id}/"): lambda tenant: iter([({}, None)]),
}
PUBLIC: Final[dict[tuple[str, str], Call]] = {
    ("get", V1 + "posts/{post_id}/"): lambda tenant: iter([({}, None)]),
    ("post", V1 + "posts/{post_id}/flag/"): lambda tenant: iter([({}, {"reason": "rude"})]),
    ("put", V1 + "posts/{post_id}/vote/"): lambda tenant: iter([({}, {"value": 1})]),
    ("post", V1 + "preview/"): lambda tenant: iter([({}, {"body": "hello"})]),
    ("get", V1 + "sites/{site}/challenge/"): lambda tenant: iter([({}, None)]),
    ("post", V1 + "sites/{site}/codes/"): lambda tenant: iter(
        [({}, {"email": f"{tenant.said('private', 'email')}@mail.example"})]
    ),
    ("get", V1 + "sites/{site}/codes/{code_id}/"): lambda tenant: iter([({}, None)]),
    ("post", V1 + "sites/{site}/codes/{code_id}/"): lambda tenant: iter([({}, {"code": "123456"})]),
    ("get", V1 + "sites/{site}/counts/"): lambda tenant: iter([({"page_id": "first"}, None)]),
    ("get", V1 + "sites/{site}/session/"): lambda tenant: iter([({}, None)]),
    ("delete", V1 + "sites/{site}/session/"): lambda tenant: iter([({}, None)]),
    ("patch", V1 + "sites/{site}/session/"): lambda tenant: iter([({}, {"name": "forged"})]),
    ("put", V1 + "sites/{site}/session/avatar/"): lambda tenant: iter([({}, None)]),
    ("delete", V1 + "sites/{site}/session/avatar/"): lambda tenant: iter([({}, None)]),
    ("post", V1 + "sites/{site}/session/avatar/gravatar/"): lambda tenant: iter([({}, None)]),
    ("get", V1 + "sites/{site}/session/posts/"): lambda tenant: iter([({}, None)]),
    ("get", V1 + "sites/{site}/session/ways/"): lambda tenant: iter([({}, None)]),
    ("post", V1 + "sites/{site}/session/ways/"): lambda tenant: iter(
        [({}, {"verifier": "v" * 43, "code": "c" * 43})]
    ),
    ("post", V1 + "sites/{site}/session/ways/begin/"): lambda tenant: iter([({}, {"challenge": "c" * 43})]),
    ("post", V1 + "sites/{site}/session/ways/email/"): lambda tenant: iter(
        [({}, {"email": f"{tenant.said('private', 'email')}@mail.example"})]
    ),
    ("post", V1 + "sites/{site}/session/ways/email/{code_id}/"): lambda tenant: iter(
        [({}, {"code": "123456"})]
    ),
    ("delete", V1 + "sites/{site}/session/ways/{way_id}/"): lambda tenant: iter([({}, None)]),
    ("post", V1 + "sites/{site}/session/bearer/"): lambda tenant: iter([({}, {"ticket": "forged"})]),
    ("post", V1 + "sites/{site}/sso/"): lambda tenant: iter([({}, {"token": "forged"})]),
    ("post", V1 + "sites/{site}/handoffs/"): lambda tenant: iter(
        [({}, {"verifier": "v" * 43, "code": "c" * 43}), ({}, {"verifier": "v" * 43, "digits": "123456"})]
    ),
    ("get", V1 + "sites/{site}/texts/"): lambda tenant: iter([({"lang": "en"}, None)]),
    ("get", V1 + "sites/{site}/thread/"): lambda tenant: iter(
        [({"page_id": "first", "url": tenant.page.url}, None)]
    ),
    ("get", V1 + "threads/{key}/"): lambda tenant: iter(
        [({"sort": sort}, None) for sort in ("newest", "oldest", "best", "controversial")]
    ),
    ("get", V1 + "threads/{key}/events/"): lambda tenant: iter([({"after": str(tenant.count)}, None)]),
    ("get", V1 + "threads/{key}/head/"): lambda tenant: iter([({}, None)]),
    ("post", V1 + "threads/{key}/posts/"): lambda tenant: iter(
        [({}, {"body": "hello", "name": "looker", "page": tenant.page.named()})]
    ),
    ("post", V1 + "threads/{key}/typing/"): lambda tenant: iter(
        [({"site": tenant.site.key, "by": str(uuid4())}, None)]
    ),
}


def test_every_call_of_the_api_is_walked() -> None:
    schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    calls = {(method, path) for path, methods in schema["paths"].items() for method in methods}
    routes = {
        "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route)
        for route, _ in ROUTES
        if route.startswith("api/v1/")
    }

    assert calls == {*MODERATION, *PUBLIC}
    assert routes == {path for _, path in calls}


def paths(template: str, tenant: Tenant) -> list[str]:
    if "{post_id}" in template:
        return [template.format(post_id=pk) for pk in dict.fromkeys(p.pk for p in tenant.posts.values())]
    return [template.format(site=tenant.site.key, key=tenant.thread.key, code_id=tenant.code.pk, way_id=1)]


def called(looker: Looker, method: str, path: str, query: dict[str, Any], body: Any) -> tuple[int, str]:
    if method == "get":
        response = looker.client.get(path, query, headers=looker.headers)
    else:
        raw = "" if body is None else json.dumps(body)
        response = looker.client.generic(
            method.upper(), path, raw, "application/json", query_params=query, headers=looker.headers
        )
    return response.status_code, response.content.decode()


@each_role
def test_moderators_calls_show_and_change_nothing_of_another_site(role: str, world: TwoSites) -> None:
    looker = world.looker(role)
    before = [tenant.rows() for tenant in looker.unseen]

    for (method, template), asks in MODERATION.items():
        for tenant in looker.unseen:
            for query, body in asks(tenant):
                for path in paths(template, tenant):
                    status, text = called(looker, method, path, query, body)
                    asked = (method, path, query, body, status, text)
                    assert status < 500, asked
                    for other in looker.unseen:
                        assert other.leaks_in(text, but_public="{post_id}" in template) == [], asked
                    results = json.loads(text).get("results", []) if text else []
                    assert {outcome["result"] for outcome in results} <= {"gone"}, asked
                    if not looker.sees:
                        assert status in {401, 403, 404}, asked

    assert [tenant.rows() for tenant in looker.unseen] == before


@each_role
def test_queues_count_ones_own_posts_alone(role: str, world: TwoSites) -> None:
    looker = world.looker(role)

    status, text = called(looker, "get", V1 + "moderation/posts/", {"queue": "pending", "limit": 200}, None)

    if not looker.sees:
        assert status == 403
        return
    answered = json.loads(text)
    pending, sites = sum(tenant.pending for tenant in looker.sees), len(looker.sees)
    assert answered["counts"] == {"pending": pending, "spam": sites, "shadowed": sites, "reported": sites}
    assert len(answered["posts"]) == pending
    for tenant in looker.sees:  # the walk would see a leak
        assert tenant.leaks_in(text, but_public=False)


@each_role
def test_public_calls_show_nothing_private(role: str, world: TwoSites) -> None:
    looker = world.looker(role)

    for (method, template), asks in PUBLIC.items():
        for tenant in world.tenants:
            for query, body in asks(tenant):
                for path in paths(template, tenant):
                    status, text = called(looker, method, path, query, body)
                    asked = (method, path, query, body, status, text)
                    assert status < 500, asked
                    for other in looker.unseen:
                        assert other.leaks_in(text, but_public=True) == [], asked


OTHER: Final[dict[str, str]] = {
    "api/schema/": "/api/schema/",
    "api/docs/": "/api/docs/",
    "embed.js": "/embed.js",
    "embed/counts.js": "/embed/counts.js",
    "embed/host_sso.js": "/embed/host_sso.js",
    "embed/<slug:name>.<slug:version>.js": "/embed/app.0.js",
    "embed/<str:site>/": "/embed/{site}/?url={url}&page_id=first",
    "avatars/<slug:key>": "/avatars/aaaaaaaaaaaa",
    "t/<str:site>/": "/t/{site}/?url={url}&page_id=first",
    "t/<str:site>/fragment/": "/t/{site}/fragment/?url={url}&page_id=first",
    "t/<str:site>/atom/": "/t/{site}/atom/",
    "t/<str:site>/<str:key>/": "/t/{site}/{key}/",
    "t/<str:site>/<str:key>/fragment/": "/t/{site}/{key}/fragment/",
    "t/<str:site>/<str:key>/atom/": "/t/{site}/{key}/atom/",
    "auth/passkey/": "/auth/passkey/?site={site}&challenge=" + "c" * 43,
    "auth/apple/finish/": "/auth/apple/finish/?code=c&state=s",
    "auth/<slug:provider>/": "/auth/google/?site={site}&challenge=" + "c" * 43,
    "auth/<slug:provider>/callback/": "/auth/google/callback/?code=c&state=s",
    "demo/": "/demo/",
    "demo/<slug:slug>/": "/demo/first/",
    "": "/",
    "healthz": "/healthz",
    "readyz": "/readyz",
    "metrics": "/metrics",
}


def test_everything_else_that_is_served_is_walked() -> None:
    others = {route for route, _ in ROUTES if not route.startswith(("admin/", "api/v1/"))}

    assert others == set(OTHER)


@each_role
def test_what_is_public_shows_nothing_private_to_anybody(role: str, world: TwoSites) -> None:
    looker = world.looker(role)

    for template in OTHER.values():
        for tenant in world.tenants:
            path = template.format(site=tenant.site.key, key=tenant.thread.key, url=tenant.page.url)
            response: Any = looker.client.get(path)
            content = b"".join(response.streaming_content) if response.streaming else response.content
            for other in world.tenants:
                assert other.leaks_in(content.decode(), but_public=True) == [], path
