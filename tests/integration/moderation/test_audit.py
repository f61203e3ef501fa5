"""What is written down of what moderators do, and how it is read and taken along."""

import csv
import json
from io import StringIO
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from comments.audit.services import Gesture, action
from comments.identity.members import add_identity, member_by_email
from comments.identity.sessions import begin
from comments.models import Action, Author, AuthorNote, Avatar, Post, Site, Thread
from comments.signin.pictures import keep
from tests.cast import Person, page_of
from tests.integration.moderation.conftest import Appoint, Moderator

pytestmark = pytest.mark.django_db


@pytest.fixture
def morgan(appoint: Appoint, site: Site) -> Moderator:
    return appoint("morgan", site)


def latest() -> Action:
    return Action.objects.latest("pk")


def exported(moderator: Person, form: str, **query: str) -> str:
    response: Any = moderator.client.get(reverse("admin:comments_action_export", args=[form]), query)
    assert response.streaming, response
    return b"".join(response.streaming_content).decode()


def test_a_moderators_edit_by_the_api_is_written_down(morgan: Moderator, alice: Person) -> None:
    post = alice.posted("Mind your own bussiness.")

    assert morgan.edit(post, "Mind your own business.").status == 200

    row = latest()
    assert (row.kind, row.by, row.post_id) == ("edit", "morgan", post)
    assert row.author_id == Post.objects.get(pk=post).author_id
    assert (row.before, row.after) == (
        {"body": "Mind your own bussiness."},
        {"body": "Mind your own business."},
    )


def test_a_moderators_deletion_by_the_api_is_written_down_without_the_text(
    morgan: Moderator, alice: Person
) -> None:
    post = alice.posted("Something that has to go.")

    assert morgan.delete(post).status == 204

    row = latest()
    assert (row.kind, row.by, row.before, row.after) == (
        "delete",
        "morgan",
        {"status": "published"},
        {"status": "erased"},
    )
    assert "has to go" not in str(list(Action.objects.values()))


def test_what_authors_do_themselves_is_nobodys_action(alice: Person) -> None:
    post = alice.posted()
    alice.edit(post, "Hello again.")
    alice.delete(post)

    assert not Action.objects.exists()


def test_the_same_text_again_is_no_action(morgan: Moderator, alice: Person) -> None:
    morgan.edit(alice.posted("Hello."), "Hello.")

    assert not Action.objects.exists()


def test_what_is_done_in_the_lists_has_its_reason(morgan: Moderator, alice: Person) -> None:
    post = alice.posted()

    morgan.client.post(
        reverse("admin:comments_post_changelist"),
        {"action": "hide", "reason": "Off topic.", "_selected_action": [post]},
    )

    row = latest()
    assert (row.kind, row.by, row.reason, row.post_id) == ("reject", "morgan", "Off topic.", post)


def test_a_threads_settings_are_written_down(morgan: Moderator, alice: Person) -> None:
    alice.posted()
    thread = Thread.objects.get()

    morgan.client.post(
        reverse("admin:comments_thread_change", args=[thread.pk]),
        {"slow_mode_seconds": "60", "initial-slow_mode_seconds": "0", "moderation": "pre"},
    )

    row = latest()
    assert (row.kind, row.thread_id) == ("thread", thread.pk)
    assert row.after == {"slow_mode_seconds": 60, "moderation": "pre"}
    assert alice.events(after=1).data["events"][0]["thread"]["slow_mode_seconds"] == 60


def test_who_changes_one_thing_of_a_thread_does_not_take_another_back(
    morgan: Moderator, alice: Person
) -> None:
    alice.posted()
    thread = Thread.objects.get()
    Thread.objects.update(is_locked=True)  # by somebody else, after the form was opened

    morgan.client.post(
        reverse("admin:comments_thread_change", args=[thread.pk]),
        {"slow_mode_seconds": "60", "initial-slow_mode_seconds": "0", "initial-is_locked": "False"},
    )

    thread.refresh_from_db()
    assert (thread.is_locked, thread.slow_mode_seconds) == (True, 60)


def author_form(**told: str) -> dict[str, str]:
    """What the form of an unsuspected author sends."""
    return {
        "trust": "new",
        "initial-trust": "new",
        "standing": "free",
        "initial-standing": "free",
        "banned_until_0": "",
        "banned_until_1": "",
        "ban_reason": "",
        "notes-TOTAL_FORMS": "1",
        "notes-INITIAL_FORMS": "0",
        "notes-0-text": "",
        **told,
    }


def test_an_author_is_trusted_banned_and_let_in_again(morgan: Moderator, alice: Person) -> None:
    alice.posted()
    author = Author.objects.get()
    path = reverse("admin:comments_author_change", args=[author.pk])

    morgan.client.post(path, author_form(trust="trusted"))
    ban = {"standing": "banned", "banned_until_0": "2100-01-01", "banned_until_1": "12:00"}
    morgan.client.post(path, author_form(**ban, ban_reason="Insults."))
    refused = alice.post()
    shown = morgan.client.get(path).content.decode()
    morgan.client.post(path, author_form(**{"initial-standing": "banned"}))

    assert [row.kind for row in Action.objects.order_by("pk")] == ["trust", "ban", "unban"]
    assert refused.code == "banned"
    assert 'value="2100-01-01"' in shown
    assert "Insults." in shown
    assert alice.post().status == 201


def test_a_shadow_ban_takes_the_place_of_a_ban(morgan: Moderator, alice: Person) -> None:
    alice.posted()
    author = Author.objects.get()
    path = reverse("admin:comments_author_change", args=[author.pk])
    morgan.client.post(path, author_form(standing="banned"))

    morgan.client.post(path, author_form(**{"initial-standing": "banned", "standing": "shadowed"}))

    author.refresh_from_db()
    assert (author.banned_at, author.is_shadow_banned) == (None, True)
    assert {row.batch for row in Action.objects.exclude(kind="ban")} == {latest().batch}


def test_a_member_is_signed_out_everywhere_and_a_ban_signs_nobody_out(morgan: Moderator, site: Site) -> None:
    member, _ = member_by_email(site, "ann@example.org", name="Ann")
    add_identity(member, "github", "1")
    for _ in range(2):
        begin(member, provider="", now=timezone.now())
    path = reverse("admin:comments_author_change", args=[member.pk])

    shown = morgan.client.get(path).content.decode()
    morgan.client.post(path, author_form(standing="banned"))
    after_ban = member.sessions.count()
    morgan.client.post(path, author_form(**{"standing": "", "initial-standing": "banned"}, sign_out="on"))

    assert "e-mail code, github" in shown
    assert f"/avatars/{member.public_key}" in shown
    assert (after_ban, member.sessions.count()) == (2, 0)
    row = Action.objects.get(kind="sign_out")
    assert (row.by, row.author_id, row.before, row.after) == (
        morgan.name,
        member.pk,
        {"sessions": 2},
        {"sessions": 0},
    )


def test_a_moderator_takes_a_picture_away(morgan: Moderator, site: Site) -> None:
    member, _ = member_by_email(site, "ann@example.org", name="Ann")
    keep(member, b"rude", source=Avatar.UPLOAD, now=timezone.now())
    path = reverse("admin:comments_author_change", args=[member.pk])

    for _ in range(2):
        morgan.client.post(path, author_form(take_picture_away="on"))

    picture = Avatar.objects.get()
    assert (picture.image, picture.source) == (None, Avatar.NONE)
    assert [row.before for row in Action.objects.filter(kind="picture")] == [{"picture": "upload"}]


def test_another_sites_moderator_signs_nobody_out(morgan: Moderator, limited_site: Site) -> None:
    member, _ = member_by_email(limited_site, "ann@example.org", name="Ann")
    begin(member, provider="", now=timezone.now())
    path = reverse("admin:comments_author_change", args=[member.pk])

    morgan.client.post(path, author_form(sign_out="on", take_picture_away="on"))

    assert member.sessions.count() == 1
    assert not Action.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"standing": "banned", "banned_until_0": "2001-01-01", "banned_until_1": "12:00"},
        {"standing": "banned", "banned_until_0": "2026-02-30", "banned_until_1": "12:00"},
        {"standing": "banned", "banned_until_0": "soon", "banned_until_1": "later"},
        {"standing": "shadowed", "banned_until_0": "2100-01-01", "banned_until_1": "12:00"},
        {"standing": "executed"},
        {"trust": "blindly"},
        {"standing": "banned", "ban_reason": "x" * 501},
        {"standing": "banned", "ban_reason": "a\0b"},
        {"notes-0-text": "x" * 2_001},
        {"notes-TOTAL_FORMS": "many"},
    ],
)
def test_an_authors_form_that_is_wrong_changes_nothing(
    wrong: dict[str, str], morgan: Moderator, alice: Person
) -> None:
    alice.posted()
    before = list(Author.objects.values())

    response = morgan.client.post(
        reverse("admin:comments_author_change", args=[before[0]["id"]]), author_form(**wrong)
    )

    assert response.status_code == 200
    assert 'class="errornote"' in response.content.decode()
    assert list(Author.objects.values()) == before
    assert not Action.objects.exists()


def test_a_note_is_signed_and_cannot_be_changed(morgan: Moderator, alice: Person) -> None:
    alice.posted()
    path = reverse("admin:comments_author_change", args=[Author.objects.get().pk])

    morgan.client.post(path, author_form(**{"notes-0-text": "Is my cousin."}))
    note = AuthorNote.objects.get()
    morgan.client.post(
        path,
        author_form(
            **{"notes-INITIAL_FORMS": "1", "notes-0-id": str(note.pk), "notes-0-text": "Is no cousin."}
        ),
    )

    note.refresh_from_db()
    assert (note.text, note.by) == ("Is my cousin.", morgan.user)
    assert (latest().kind, latest().after) == ("note", {"note": "Is my cousin."})


def test_an_authors_form_shows_the_record(morgan: Moderator, alice: Person) -> None:
    post = alice.posted("The first thing that I wrote.")
    Post.objects.update(address="192.0.2.7")
    morgan.decide("reject", post, reason="Not yet.")

    page = morgan.client.get(
        reverse("admin:comments_author_change", args=[Author.objects.get().pk])
    ).content.decode()

    for told in ("192.0.2.7", "The first thing that I wrote.", "Hidden by a moderator", "“Not yet.”"):
        assert told in page


def test_the_audit_is_filtered_and_taken_along(morgan: Moderator, alice: Person) -> None:
    first, second = alice.posted(), alice.posted()
    morgan.decide("reject", first, reason='=HYPERLINK("https://evil.example")')
    morgan.decide("spam", second, reason="Schlüsseldienst, 24 h")

    lines = [json.loads(line) for line in exported(morgan, "jsonl").splitlines()]
    rows = list(csv.DictReader(StringIO(exported(morgan, "csv"))))
    filtered = exported(morgan, "jsonl", kind__exact="spam").splitlines()
    searched = exported(morgan, "jsonl", q="Schlüssel").splitlines()

    assert [line["kind"] for line in lines] == ["reject", "spam"]
    assert lines[0]["reason"] == '=HYPERLINK("https://evil.example")'
    assert lines[0]["site"] == "blog"
    assert (lines[1]["before"], lines[1]["after"]) == (
        {"status": "published", "flags": []},
        {"status": "spam"},
    )
    assert [row["reason"][0] for row in rows] == ["'", "S"]
    assert json.loads(rows[1]["after"]) == {"status": "spam"}
    assert [json.loads(line)["post_id"] for line in filtered] == [second]
    assert searched == filtered


def test_an_export_of_many_comes_bit_by_bit(morgan: Moderator, site: Site) -> None:
    gesture = Gesture(morgan.user, timezone.now())
    Action.objects.bulk_create(
        action(gesture, Action.Kind.PIN, site.pk, before={}, after={}, post_id=number)
        for number in range(2_500)
    )

    response: Any = morgan.client.get(reverse("admin:comments_action_export", args=["csv"]))

    assert response.streaming
    assert len(b"".join(response.streaming_content).splitlines()) == 2_501


def test_there_are_two_forms_of_export(morgan: Moderator) -> None:
    assert morgan.client.get(reverse("admin:comments_action_export", args=["xlsx"])).status_code == 404


def test_what_was_done_is_neither_added_changed_nor_deleted(morgan: Moderator, alice: Person) -> None:
    morgan.decide("reject", alice.posted())
    row = latest()
    before = list(Action.objects.values())
    admin_pages = [("add", []), ("change", [row.pk]), ("delete", [row.pk])]

    statuses = [
        morgan.client.post(reverse(f"admin:comments_action_{name}", args=of), {"reason": "x"}).status_code
        for name, of in admin_pages
    ]

    assert statuses == [403, 403, 403]
    assert list(Action.objects.values()) == before


def test_a_page_of_another_sites_audit_is_not_there(
    morgan: Moderator, appoint: Appoint, alice: Person
) -> None:
    other = Site.objects.create(key="other", origins=["https://other.example"])
    stranger = appoint("maxine", other)
    morgan.decide("reject", alice.posted(page=page_of(Site.objects.get(key="blog"))))

    assert exported(stranger, "jsonl") == ""
    assert "morgan" not in stranger.client.get(reverse("admin:comments_action_changelist")).content.decode()
