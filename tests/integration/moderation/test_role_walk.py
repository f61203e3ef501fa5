"""Every page, call and socket, as everybody: nobody sees or changes what is another site's.

What is not listed here fails: a new page or call has to say here how it is asked.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final
from uuid import uuid4

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.db.models import ForeignKey, Model
from django.http import StreamingHttpResponse
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from drf_spectacular.generators import SchemaGenerator

from comments.models import Action, Author, Post, Site, Thread
from tests.integration.moderation.two_sites import ROLES, Looker, Tenant, TwoSites

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

Ask = tuple[str, str, dict[str, Any]]
TABLES: Final[list[type[Model]]] = [Action, Author, Post, Site, Thread]
ACCOUNTS: Final[list[type[Model]]] = [Group, User]
CSRF: Final = re.compile(r'name="csrfmiddlewaretoken" value="[^"]*"')

each_role = pytest.mark.parametrize("role", ROLES)


@pytest.fixture
def world() -> TwoSites:
    return TwoSites()


# --- the admin's pages --------------------------------------------------------------------------------


def leaf_patterns(patterns: list[Any], route: str = "", namespace: str = "") -> Iterator[tuple[str, str]]:
    """Each route of the project, and its name."""
    for one in patterns:
        here = route + str(one.pattern)
        if isinstance(one, URLResolver):
            within = f"{namespace}{one.namespace}:" if one.namespace else namespace
            yield from leaf_patterns(one.url_patterns, here, within)
        else:
            assert isinstance(one, URLPattern)
            yield here, f"{namespace}{one.name}" if one.name else ""


ROUTES: Final = list(leaf_patterns(get_resolver().url_patterns))

# Of addresses that lead into another site's rows, through whatever field.
PROBES: Final[tuple[dict[str, str], ...]] = (
    {},
    {"q": "secret"},
    {"q": "zz"},
    {"_facets": "True"},
    {"all": ""},
    {"_popup": "1", "_to_field": "id"},
    {"_to_field": "site"},
    {"site__key__startswith": "zz"},
    {"site__name__icontains": "secret"},
    {"thread__site__name__icontains": "secret"},
    {"author__email__icontains": "secret"},
    {"posts__body__icontains": "secret"},
    {"all_posts__body__icontains": "secret"},
    {"groups__group__user__username__icontains": "secret"},
    {"staff__password__startswith": "p"},
    {"body__regex": "secret"},
    {"created__year": "2026"},
    {"created__year": "2026", "created__month": "1", "created__day": "2"},
    {"o": "1.2.3"},
)


def key(model: type[Model], page: str) -> str:
    return f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}"


def list_asks(model: type[Model], looker: Looker, world: TwoSites) -> Iterator[Ask]:
    path = reverse(key(model, "changelist"))
    yield from (("GET", path, dict(probe)) for probe in PROBES)
    for tenant in world.tenants:
        ids: list[dict[str, Any]] = [
            {"site": tenant.site.pk},
            {"site__id__exact": tenant.site.pk},
            {"id__exact": tenant.one_of(model).pk},
            {"author__id__exact": tenant.author.pk},
            {"author_id": tenant.author.pk},
            {"thread__id__exact": tenant.thread.pk},
        ]
        yield from (("GET", path, query) for query in ids)
    for tenant in looker.unseen:
        chosen = [row["id"] for row in tenant.rows()[model.__name__]]
        for action in admin.site._registry[model].actions or ():
            told = {"action": action, "_selected_action": chosen, "reason": "because"}
            yield "POST", path, told
            yield "POST", f"{path}?id__exact={chosen[0]}", told | {"select_across": "1"}
        yield "POST", path, {"action": "delete_selected", "_selected_action": chosen, "post": "yes"}


FORGED: Final = {
    "title": "forged",
    "name": "forged",
    "body": "forged",
    "status": "published",
    "is_locked": "on",
    "slow_mode_seconds": "9",
    "trust": "trusted",
    "standing": "free",
    "owners": "looker",
    "moderators": "looker",
    "origins": "https://forged.example",
    "moderation": "pre",
    "realtime": "off",
    "edit_window_seconds": "9",
    "max_posts_per_minute": "9",
    "max_votes_per_minute": "9",
    "notes-TOTAL_FORMS": "1",
    "notes-INITIAL_FORMS": "0",
    "notes-0-text": "forged",
}


def row_asks(model: type[Model], page: str, looker: Looker, world: TwoSites) -> Iterator[Ask]:
    for tenant in world.tenants:
        path = reverse(key(model, page), args=[tenant.one_of(model).pk])
        yield "GET", path, {}
        yield "GET", path, {"_changelist_filters": f"site={tenant.site.pk}", "_popup": "1"}
        if tenant in looker.unseen:
            yield "POST", path, {**FORGED, "post": "yes"}


def table_asks(model: type[Model]) -> dict[str, Callable[[Looker, TwoSites], Iterator[Ask]]]:
    def add(looker: Looker, world: TwoSites) -> Iterator[Ask]:
        yield "GET", reverse(key(model, "add")), {}
        if looker.user is None or not looker.user.is_superuser:
            yield "POST", reverse(key(model, "add")), {**FORGED, "key": "forged"}

    return {
        key(model, "changelist"): lambda looker, world: list_asks(model, looker, world),
        key(model, "add"): add,
        **{
            key(model, page): lambda looker, world, page=page: row_asks(model, page, looker, world)  # type: ignore[misc]
            for page in ("change", "delete", "history")
        },
    }


def account_asks(model: type[Model]) -> dict[str, Callable[[Looker, TwoSites], Iterator[Ask]]]:
    """Accounts and groups are a superuser's alone; nobody else sees their pages."""

    def rows(page: str, world: TwoSites) -> Iterator[Ask]:
        for tenant in world.tenants:
            row = tenant.moderator if model is User else tenant.moderator.groups.get()
            yield "GET", reverse(key(model, page), args=[row.pk]), {}

    asks: dict[str, Callable[[Looker, TwoSites], Iterator[Ask]]] = {
        key(model, page): lambda looker, world, page=page: rows(page, world)  # type: ignore[misc]
        for page in ("change", "delete", "history")
    }
    for page in ("changelist", "add"):
        asks[key(model, page)] = lambda looker, world, page=page: iter(  # type: ignore[misc]
            [("GET", reverse(key(model, page)), {})]
        )
    if model is User:
        asks["admin:auth_user_password_change"] = lambda looker, world: iter(
            ("GET", reverse("admin:auth_user_password_change", args=[tenant.moderator.pk]), {})
            for tenant in world.tenants
        )
    return asks


def autocomplete_asks(looker: Looker, world: TwoSites) -> Iterator[Ask]:
    for model in admin.site._registry:
        for column in model._meta.get_fields():
            if isinstance(column, ForeignKey):
                named = {
                    "app_label": model._meta.app_label,
                    "model_name": model._meta.model_name,
                    "field_name": column.name,
                }
                yield "GET", reverse("admin:autocomplete"), {**named, "term": "secret"}
                yield "GET", reverse("admin:autocomplete"), {**named, "term": ""}


def view_on_site_asks(looker: Looker, world: TwoSites) -> Iterator[Ask]:
    for model in TABLES:
        kind = ContentType.objects.get_for_model(model).pk
        for tenant in world.tenants:
            yield "GET", reverse("admin:view_on_site", args=[kind, tenant.one_of(model).pk]), {}


def export_asks(looker: Looker, world: TwoSites) -> Iterator[Ask]:
    for form in ("csv", "jsonl"):
        path = reverse("admin:comments_action_export", args=[form])
        yield "GET", path, {}
        yield "GET", path, {"q": "secret"}
        yield "GET", path, {"site__key__startswith": "zz"}
        for tenant in world.tenants:
            yield "GET", path, {"site": tenant.site.pk}
            yield "GET", path, {"author_id": tenant.author.pk}


def queue_page_asks(looker: Looker, world: TwoSites) -> Iterator[Ask]:
    yield "GET", reverse("moderation"), {}
    yield "GET", reverse("moderation"), {"queue": "all", "q": "secret"}  # the page itself shows no row


def rules_asks(looker: Looker, world: TwoSites) -> Iterator[Ask]:
    for tenant in world.tenants:
        path = reverse("site-rules", args=[tenant.site.pk])
        yield "GET", path, {}
        if tenant in looker.unseen:
            for action in ("save", "try", "recommended"):
                yield "POST", path, {"action": action, "held_words": "forged"}


def gets(*names: str) -> dict[str, Callable[[Looker, TwoSites], Iterator[Ask]]]:
    return {name: lambda looker, world, name=name: iter([("GET", reverse(name), {})]) for name in names}  # type: ignore[misc]


ADMIN: Final[dict[str, Callable[[Looker, TwoSites], Iterator[Ask]]]] = {
    **{name: asks for model in TABLES for name, asks in table_asks(model).items()},
    **{name: asks for model in ACCOUNTS for name, asks in account_asks(model).items()},
    **gets("admin:index", "admin:login", "admin:jsi18n", "admin:password_change"),
    **gets("admin:password_change_done", "status", "dead-letters"),
    "moderation": queue_page_asks,
    "site-rules": rules_asks,
    "admin:app_list": lambda looker, world: iter(
        ("GET", reverse("admin:app_list", args=[label]), {}) for label in ("comments", "auth")
    ),
    "admin:autocomplete": autocomplete_asks,
    "admin:view_on_site": view_on_site_asks,
    "admin:comments_action_export": export_asks,
    "dead-letter": lambda looker, world: iter([("GET", reverse("dead-letter", args=["1-1"]), {})]),
    "dead-letters-act": lambda looker, world: iter(
        [("POST", reverse("dead-letters-act"), {"action": "discard", "letter": "1-1"})]
    ),
}
# Ends the session; nothing is shown. The rest have no name: they lead to another address.
NOT_WALKED: Final = {"admin:logout", ""}


def test_every_table_and_page_of_the_admin_is_walked() -> None:
    pages = {name for route, name in ROUTES if route.startswith("admin/")}

    assert set(admin.site._registry) == {*TABLES, *ACCOUNTS}
    assert pages - NOT_WALKED == set(ADMIN)


def answer(looker: Looker, ask: Ask) -> str:
    """What comes back, wherever it leads; a failure of the server fails the test."""
    method, path, told = ask
    if method == "GET":
        response: Any = looker.client.get(path, told, follow=True)
    else:
        response = looker.client.post(path, told, follow=True)
    assert response.status_code < 500, ask
    if isinstance(response, StreamingHttpResponse) or response.streaming:
        return b"".join(response.streaming_content).decode()
    return CSRF.sub("", response.content.decode())


@each_role
def test_the_admin_shows_and_changes_nothing_of_another_site(role: str, world: TwoSites) -> None:
    looker = world.looker(role)
    before = [tenant.rows() for tenant in looker.unseen]
    seen: list[str] = []

    for name, asks in ADMIN.items():
        for ask in asks(looker, world):
            text = answer(looker, ask)
            seen.append(text)
            for tenant in looker.unseen:
                assert tenant.leaks_in(text, but_public=False) == [], (name, ask)

    assert [tenant.rows() for tenant in looker.unseen] == before
    everything = "".join(seen)
    for tenant in looker.sees:  # the walk would see a leak
        assert [mark for mark in tenant.marks() if mark not in everything] == []


@each_role
def test_lists_count_ones_own_rows_alone(role: str, world: TwoSites) -> None:
    looker = world.looker(role)

    for model in TABLES:
        response: Any = looker.client.get(reverse(key(model, "changelist")))
        if not looker.sees:
            assert response.status_code in {302, 403}
            continue
        own = sum(len(tenant.rows()[model.__name__]) for tenant in looker.sees)
        assert response.context_data["cl"].result_count == own, model


def test_only_staff_of_all_sites_are_led_to_the_pipeline(world: TwoSites) -> None:
    for role in ROLES:
        looker = world.looker(role) if role not in {"nobody", "a reader of a"} else None
        if looker is None or looker.user is None:
            continue
        status = looker.client.get(reverse("status")).status_code
        index = looker.client.get(reverse("admin:index")).content.decode()
        is_super = looker.user.is_superuser
        assert (status, reverse("status") in index) == ((200, True) if is_super else (403, False)), role
        looker.user.delete()


# --- the API's calls ----------------------------------------------------------------------------------

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
    ("get", V1 + "sites/{site}/counts/"): lambda tenant: iter([({"page_id": "first"}, None)]),
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
    return [template.format(site=tenant.site.key, key=tenant.thread.key)]


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


# --- everything else that is served -------------------------------------------------------------------

OTHER: Final[dict[str, str]] = {
    "api/schema/": "/api/schema/",
    "api/docs/": "/api/docs/",
    "embed.js": "/embed.js",
    "embed/counts.js": "/embed/counts.js",
    "embed/<slug:name>.<slug:version>.js": "/embed/app.0.js",
    "embed/<str:site>/": "/embed/{site}/?url={url}&page_id=first",
    "t/<str:site>/": "/t/{site}/?url={url}&page_id=first",
    "t/<str:site>/fragment/": "/t/{site}/fragment/?url={url}&page_id=first",
    "t/<str:site>/atom/": "/t/{site}/atom/",
    "t/<str:site>/<str:key>/": "/t/{site}/{key}/",
    "t/<str:site>/<str:key>/fragment/": "/t/{site}/{key}/fragment/",
    "t/<str:site>/<str:key>/atom/": "/t/{site}/{key}/atom/",
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
