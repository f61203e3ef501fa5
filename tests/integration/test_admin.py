"""The moderators' pages: they open, and what is done there is seen by readers."""

import pytest
from django.urls import reverse

from comments.models import Flag, Post, Site, Thread
from comments.sites.services import create_site
from tests.cast import Answer, Person

pytestmark = pytest.mark.django_db


@pytest.fixture
def post(alice: Person, bob: Person, site: Site) -> Post:
    """alice's post, with a reply and a flag by bob."""
    post_id = alice.posted("Hello, " + "long " * 50)
    bob.posted(parent=post_id)
    bob.flag(post_id, reason="An advertisement.")
    return Post.objects.get(pk=post_id)


def act(morgan: Person, model: str, action: str, *rows: Post | Thread) -> str:
    """Chooses rows in a list and runs an action on them; the page that follows."""
    response = morgan.client.post(
        reverse(f"admin:comments_{model}_changelist"),
        {"action": action, "_selected_action": [row.pk for row in rows]},
        follow=True,
    )
    assert response.status_code == 200
    return response.content.decode()


def kinds(reader: Person, after: int) -> list[str]:
    return [event["type"] for event in reader.events(after=after).data["events"]]


@pytest.mark.parametrize("model", ["site", "thread", "post"])
@pytest.mark.usefixtures("post")
def test_the_lists_open_and_search(model: str, morgan: Person) -> None:
    path = reverse(f"admin:comments_{model}_changelist")

    assert morgan.client.get(path).status_code == 200
    assert morgan.client.get(path, {"q": "hello"}).status_code == 200


def test_the_forms_open(morgan: Person, post: Post, site: Site) -> None:
    for model, row in (("site", site), ("thread", post.thread), ("post", post)):
        response = morgan.client.get(reverse(f"admin:comments_{model}_change", args=[row.pk]))
        assert response.status_code == 200
    assert morgan.client.get(reverse("admin:index")).status_code == 200


def test_a_posts_form_shows_who_flagged_it(morgan: Person, post: Post) -> None:
    page = morgan.client.get(reverse("admin:comments_post_change", args=[post.pk])).content.decode()

    assert Flag.objects.get().reason in page


@pytest.mark.parametrize("model", ["thread", "post"])
def test_threads_and_posts_are_neither_added_nor_deleted_here(model: str, morgan: Person, post: Post) -> None:
    row = post if model == "post" else post.thread

    add = morgan.client.get(reverse(f"admin:comments_{model}_add"))
    delete = morgan.client.post(reverse(f"admin:comments_{model}_delete", args=[row.pk]), {"post": "yes"})

    assert (add.status_code, delete.status_code) == (403, 403)
    assert Post.objects.filter(pk=post.pk).exists()


def test_saving_a_posts_form_changes_nothing(morgan: Person, post: Post) -> None:
    before = Post.objects.values().get(pk=post.pk)

    morgan.client.post(
        reverse("admin:comments_post_change", args=[post.pk]), {"body": "Forged.", "status": "hidden"}
    )

    assert Post.objects.values().get(pk=post.pk) == before


def test_hide_and_approve_reach_the_readers(morgan: Person, alice: Person, post: Post) -> None:
    hidden = act(morgan, "post", "hide", post)
    stub = alice.snapshot().data["posts"][0]
    approved = act(morgan, "post", "approve", post)

    assert "1 hidden." in hidden
    assert "1 approved." in approved
    assert stub["status"] == "hidden"
    assert kinds(alice, after=2) == ["post.hidden", "post.approved"]


def test_what_needs_no_change_is_counted(morgan: Person, post: Post) -> None:
    page = act(morgan, "post", "approve", *Post.objects.all())

    assert "1 approved. 1 needed no change." in page  # the reported one is kept, which settles its report


def test_pin_and_unpin_reach_the_readers(morgan: Person, alice: Person, post: Post) -> None:
    act(morgan, "post", "pin", post)
    pinned = alice.snapshot().data["thread"]["pinned"]
    act(morgan, "thread", "unpin", post.thread)

    assert pinned == post.pk
    assert kinds(alice, after=2) == ["thread.pinned", "thread.unpinned"]


def test_only_one_published_root_can_be_pinned(morgan: Person, alice: Person, post: Post) -> None:
    reply = Post.objects.get(parent=post)

    for rows in ([reply], [post, reply]):
        assert "Choose one published top-level comment." in act(morgan, "post", "pin", *rows)
    assert kinds(alice, after=2) == []


def test_lock_and_unlock_reach_the_readers(morgan: Person, alice: Person, post: Post) -> None:
    act(morgan, "thread", "lock", post.thread)
    refused: Answer = alice.post()
    act(morgan, "thread", "unlock", post.thread)

    assert refused.code == "thread_locked"
    assert kinds(alice, after=2) == ["thread.locked", "thread.unlocked"]


SITE = {
    "key": "news",
    "name": "News",
    "moderation": "post",
    "realtime": "on",
    "edit_window_seconds": "900",
    "max_posts_per_minute": "600",
    "max_votes_per_minute": "0",
}


def test_a_site_is_made_with_its_origins_a_line_each(morgan: Person) -> None:
    origins = "https://News.example.org/\nhttp://localhost:8080"

    morgan.client.post(reverse("admin:comments_site_add"), SITE | {"origins": origins})

    site = Site.objects.get(key="news")
    assert site.origins == ["https://news.example.org", "http://localhost:8080"]
    assert (site.max_posts_per_minute, site.max_votes_per_minute) == (600, 0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"origins": "nowhere"},
        {"key": "ne ws"},
        {"origins": ""},
        {"max_posts_per_minute": "-1"},
        {"max_votes_per_minute": ""},
        {"texts": "{"},
        {"texts": '{"en": {"plaecholder": "Hi"}}'},
        {"stylesheet": "a { background: url(x) }"},
    ],
)
def test_a_site_that_is_wrong_is_not_made(wrong: dict[str, str], morgan: Person) -> None:
    told = SITE | {"origins": "https://a.example"} | wrong

    response = morgan.client.post(reverse("admin:comments_site_add"), told)

    assert response.status_code == 200
    assert not Site.objects.exclude(key="blog").exists()


def test_a_site_is_made_with_texts_and_a_stylesheet_of_its_own(morgan: Person) -> None:
    own = {"texts": '{"en": {"post": "Send"}}', "stylesheet": ".head { gap: 0 }"}

    morgan.client.post(reverse("admin:comments_site_add"), SITE | {"origins": "https://a.example"} | own)

    site = Site.objects.get(key="news")
    assert (site.texts, site.stylesheet) == ({"en": {"post": "Send"}}, ".head { gap: 0 }")


def test_emptied_texts_are_none(morgan: Person, site: Site) -> None:
    site.texts = {"en": {"post": "Send"}}
    site.save()
    told = SITE | {"origins": "https://a.example", "texts": "", "stylesheet": ""}

    morgan.client.post(reverse("admin:comments_site_change", args=[site.pk]), told)

    site.refresh_from_db()
    assert site.texts == {}


def test_a_site_keeps_its_key_and_shows_its_origins(morgan: Person, site: Site) -> None:
    path = reverse("admin:comments_site_change", args=[site.pk])
    told = SITE | {"key": "other", "moderation": "pre", "origins": "https://a.example"}

    page = morgan.client.get(path).content.decode()
    morgan.client.post(path, told)

    site.refresh_from_db()
    assert "https://blog.example.org</textarea>" in page
    assert (site.key, site.moderation, site.origins) == ("blog", "pre", ["https://a.example"])


def test_the_admin_is_for_staff(alice: Person) -> None:
    create_site("news", origins=["https://a.example"])

    response = alice.client.get(reverse("admin:comments_post_changelist"))

    assert response.status_code == 302
    assert response.headers["Location"].startswith("/admin/login/")
