"""Every page of the admin, as everybody: nobody sees or changes what is another site's.

What is not listed here fails: a new table or page has to say here how it is asked.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialApp
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.db.models import ForeignKey, Model
from django.http import StreamingHttpResponse
from django.urls import reverse

from comments.models import Action, Author, Post, Site, Thread
from tests.integration.moderation.routes import ROUTES
from tests.integration.moderation.two_sites import ROLES, Looker, TwoSites, each_role

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

Ask = tuple[str, str, dict[str, Any]]
TABLES: Final[list[type[Model]]] = [Action, Author, Post, Site, Thread]
ACCOUNTS: Final[list[type[Model]]] = [Group, User]
OPERATORS: Final[list[type[Model]]] = [SocialApp]
CSRF: Final = re.compile(r'name="csrfmiddlewaretoken" value="[^"]*"')

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


def operator_asks(model: type[Model]) -> dict[str, Callable[[Looker, TwoSites], Iterator[Ask]]]:
    """A superuser's alone, and of no site."""
    paths = {page: reverse(key(model, page)) for page in ("changelist", "add")}
    paths |= {page: reverse(key(model, page), args=[1]) for page in ("change", "delete", "history")}
    return {
        key(model, page): lambda looker, world, path=path: iter([("GET", path, {}), ("POST", path, FORGED)])  # type: ignore[misc]
        for page, path in paths.items()
    }


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


def sign_in_asks(looker: Looker, world: TwoSites) -> Iterator[Ask]:
    for tenant in world.tenants:
        path = reverse("site-sign-in", args=[tenant.site.pk])
        yield "GET", path, {}
        if tenant in looker.unseen:
            yield "POST", path, {"action": "new-secret"}
            yield "POST", path, {"action": "check"}
            yield "POST", path, {"action": "save", "sso_algorithm": "", "sso_issuer": "forged"}


def gets(*names: str) -> dict[str, Callable[[Looker, TwoSites], Iterator[Ask]]]:
    return {name: lambda looker, world, name=name: iter([("GET", reverse(name), {})]) for name in names}  # type: ignore[misc]


def passkey_asks(page: str) -> Callable[[Looker, TwoSites], Iterator[Ask]]:
    def asks(looker: Looker, world: TwoSites) -> Iterator[Ask]:
        for key in Authenticator.objects.all():  # of the tenants' moderators
            yield "GET", reverse(page, args=[key.pk]), {}
            yield "POST", reverse(page, args=[key.pk]), {"name": "forged"}

    return asks


def session_asks(looker: Looker, world: TwoSites) -> Iterator[Ask]:
    yield "GET", reverse("usersessions_list"), {}
    for session in UserSession.objects.exclude(user=looker.user):
        yield "POST", reverse("usersessions_list"), {"end": session.pk}


def reset_asks(looker: Looker, world: TwoSites) -> Iterator[Ask]:
    yield "GET", reverse("account_reset_password_from_key", args=["1", "forged"]), {}


ADMIN: Final[dict[str, Callable[[Looker, TwoSites], Iterator[Ask]]]] = {
    **{name: asks for model in TABLES for name, asks in table_asks(model).items()},
    **{name: asks for model in ACCOUNTS for name, asks in account_asks(model).items()},
    **{name: asks for model in OPERATORS for name, asks in operator_asks(model).items()},
    **gets("admin:index", "admin:login", "admin:jsi18n", "admin:password_change"),
    **gets("admin:password_change_done", "status", "dead-letters"),
    **gets("account_login", "account_logout", "account_inactive", "account_reauthenticate"),
    **gets("account_change_password", "account_set_password", "account_reset_password"),
    **gets("account_reset_password_done", "account_reset_password_from_key_done", "mfa_index"),
    **gets("mfa_authenticate", "mfa_reauthenticate", "mfa_activate_totp", "mfa_deactivate_totp"),
    **gets("mfa_view_recovery_codes", "mfa_generate_recovery_codes", "mfa_download_recovery_codes"),
    **gets("mfa_list_webauthn", "mfa_add_webauthn", "mfa_reauthenticate_webauthn", "mfa_login_webauthn"),
    "mfa_edit_webauthn": passkey_asks("mfa_edit_webauthn"),
    "mfa_remove_webauthn": passkey_asks("mfa_remove_webauthn"),
    "account_reset_password_from_key": reset_asks,
    "usersessions_list": session_asks,
    "moderation": queue_page_asks,
    "site-rules": rules_asks,
    "site-sign-in": sign_in_asks,
    "admin:app_list": lambda looker, world: iter(
        ("GET", reverse("admin:app_list", args=[label]), {})
        for label in ("comments", "auth", "socialaccount")
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

    assert set(admin.site._registry) == {*TABLES, *ACCOUNTS, *OPERATORS}
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
