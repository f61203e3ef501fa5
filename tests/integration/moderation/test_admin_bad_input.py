"""What the admin is asked that it should not be: a sentence and nothing done, never a failure."""

from typing import Any

import pytest
from django.contrib import admin
from django.urls import reverse

from comments.models import Action, Author, Post, Site, SiteGroup, Thread
from comments.sites.roles import set_members
from tests.cast import Person
from tests.integration.moderation.conftest import Appoint, Moderator

pytestmark = pytest.mark.django_db

TABLES = ["action", "author", "post", "site", "thread"]
HUGE = "9" * 40
NONSENSE: list[dict[str, str]] = [
    {"q": "a\0b"},
    {"q": "x" * 7_000},
    {"q": "'\"%_\\"},
    {"q": '"'},
    {"created__year": "none"},
    {"created__year": "2026", "created__month": "13"},
    {"created__year": "2026", "created__month": "2", "created__day": "30"},
    {"created__year": "9999"},
    {"created__year": HUGE},
    {"created__year": "-1"},
    {"created__gte": "soon"},
    {"created__gte": "2026-02-30"},
    {"created__lt": "a\0b"},
    {"id__exact": "one"},
    {"id__exact": HUGE},
    {"id__exact": "a\0b"},
    {"author__id__exact": "one"},
    {"post_id": "one"},
    {"post_id": HUGE},
    {"batch": "none"},
    {"site": "one"},
    {"site": HUGE},
    {"status__exact": "a\0b"},
    {"status__exact": "lost"},
    {"standing": "lost"},
    {"reported": "perhaps"},
    {"kind__exact": "a\0b"},
    {"by": "nobody"},
    {"is_locked__exact": "perhaps"},
    {"p": HUGE},
    {"p": "-1"},
    {"p": "one"},
    {"o": "99.-99.x"},
    {"o": HUGE},
    {"_to_field": "nothing"},
    {"nothing\0": "x"},
    {"body__regex": "("},
    {"body__regex": "(a+)+$"},
    {"site__key": "blog"},
    {"author__email__startswith": "a"},
]


@pytest.fixture
def morgan(appoint: Appoint, site: Site) -> Moderator:
    return appoint("morgan", site)


@pytest.fixture
def post(alice: Person) -> Post:
    return Post.objects.get(pk=alice.posted())


def changelist(model: str) -> str:
    return reverse(f"admin:comments_{model}_changelist")


@pytest.mark.parametrize("model", TABLES)
def test_a_list_that_is_asked_nonsense_answers(model: str, morgan: Moderator, post: Post) -> None:
    morgan.decide("reject", post.pk)
    export = reverse("admin:comments_action_export", args=["csv"])

    for query in NONSENSE:
        assert morgan.client.get(changelist(model), query, follow=True).status_code in {200, 400}, query
        if model == "action":
            exported: Any = morgan.client.get(export, query, follow=True)
            assert exported.status_code in {200, 400}, query
            if exported.streaming:
                b"".join(exported.streaming_content)


def test_what_is_no_date_is_told(morgan: Moderator) -> None:
    response = morgan.client.get(changelist("post"), {"created__year": "none"}, follow=True)

    assert "That is no date." in response.content.decode()


@pytest.mark.parametrize(
    ("model", "lookup"),
    [
        ("post", "body__regex"),
        ("post", "address__startswith"),
        ("post", "site__key"),
        ("post", "thread__site__name__startswith"),
        ("post", "author__email__startswith"),
        ("post", "all_replies__body__startswith"),
        ("author", "posts__body__startswith"),
        ("author", "staff__password__startswith"),
        ("author", "email__regex"),
        ("thread", "site__groups__group__user__username"),
        ("action", "site__key"),
        ("action", "reason__regex"),
        ("site", "groups__group__user__password__startswith"),
        ("site", "stylesheet__regex"),
    ],
)
def test_an_address_filters_by_the_lists_own_filters_alone(
    model: str, lookup: str, morgan: Moderator, post: Post
) -> None:
    assert morgan.client.get(changelist(model), {lookup: "a"}).status_code == 400


@pytest.mark.parametrize("model", ["post", "thread"])
@pytest.mark.parametrize(
    "chosen", [["one"], [HUGE], ["-1"], ["1\0"], [""], ["999999999"], ["1 OR 1=1"], ["1.5"], ["١"]]
)
def test_forged_rows_of_an_action_change_nothing(
    model: str, chosen: list[str], morgan: Moderator, post: Post
) -> None:
    before = [list(of.objects.values()) for of in (Post, Thread, Action)]

    for action in admin.site._registry[Post if model == "post" else Thread].actions or ():
        response = morgan.client.post(
            changelist(model), {"action": action, "_selected_action": chosen}, follow=True
        )
        assert response.status_code == 200

    assert [list(of.objects.values()) for of in (Post, Thread, Action)] == before


@pytest.mark.parametrize(
    "told",
    [
        {"action": "delete_selected"},
        {"action": "delete_everything"},
        {"action": "__class__"},
        {"action": "nothing", "index": "x"},
        {"action": "nothing", "index": "9"},
        {"action": "hide", "reason": "x" * 501},
        {"action": "hide", "reason": "a\0b"},
        {"action": ""},
        {},
    ],
)
def test_a_forged_action_changes_nothing(told: dict[str, str], morgan: Moderator, post: Post) -> None:
    wrong = {"_selected_action": [post.pk], **told}

    assert morgan.client.post(changelist("post"), wrong, follow=True).status_code == 200

    assert Post.objects.get().status == "published"
    assert not Action.objects.exists()


@pytest.mark.parametrize("model", TABLES)
@pytest.mark.parametrize("page", ["change", "history", "delete"])
def test_a_row_that_is_not_there(model: str, page: str, morgan: Moderator) -> None:
    for row in ("one", HUGE, "0", "-1", "a\0b", "1_3D1", "999999999"):
        path = reverse(f"admin:comments_{model}_{page}", args=[row])
        answers = [
            morgan.client.get(path, follow=True),
            morgan.client.post(path, {"post": "yes"}, follow=True),
        ]
        assert {answer.status_code for answer in answers} <= {200, 403, 404}, row


def test_a_moderator_who_was_removed_while_a_form_was_open(
    morgan: Moderator, appoint: Appoint, post: Post, site: Site
) -> None:
    thread, author = post.thread, Author.objects.get()
    before = [list(of.objects.values()) for of in (Post, Thread, Author, Action)]
    set_members(site, SiteGroup.Role.MODERATOR, [])

    answers = [
        morgan.client.post(changelist("post"), {"action": "hide", "_selected_action": [post.pk]}),
        morgan.client.post(changelist("thread"), {"action": "lock", "_selected_action": [thread.pk]}),
        morgan.client.post(
            reverse("admin:comments_thread_change", args=[thread.pk]), {"slow_mode_seconds": "9"}
        ),
        morgan.client.post(
            reverse("admin:comments_author_change", args=[author.pk]),
            {"trust": "trusted", "standing": "banned"},
        ),
    ]

    assert {answer.status_code for answer in answers} <= {302, 403}
    assert [list(of.objects.values()) for of in (Post, Thread, Author, Action)] == before
    assert "Posts" not in morgan.client.get(reverse("admin:index")).content.decode()


def test_a_moderator_who_is_removed_while_the_request_runs_is_told(
    morgan: Moderator, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The form looked at the role; what stores the change looks again, under the thread's lock."""
    from comments.moderation import admin as pages
    from comments.moderation import showing

    def removed(*arguments: Any, **fields: Any) -> None:
        morgan.user.groups.clear()
        change_thread(*arguments, **fields)

    change_thread = showing.change_thread
    monkeypatch.setattr(pages, "change_thread", removed)

    response = morgan.client.post(
        reverse("admin:comments_thread_change", args=[post.thread_id]), {"slow_mode_seconds": "9"}
    )

    assert response.status_code == 302
    assert Thread.objects.get().slow_mode_seconds == 0
    assert not Action.objects.exists()
