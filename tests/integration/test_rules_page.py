"""The page of a site's rules: what is saved, what is refused, and the dry run, which changes nothing."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from comments.models import Author, Event, HeldFor, Post, Site, SiteGroup, SiteRules, Thread
from comments.screening import trial
from comments.screening.phases import PHASES
from comments.screening.rules import RECOMMENDED, arranged
from comments.screening.submission import Outcome
from comments.screening.trial import latest_posts, try_rules
from comments.sites.roles import group_of
from tests.cast import Person, page_of

pytestmark = pytest.mark.django_db

FIELDS = {
    "max_links": "3",
    "min_seconds": "3",
    "repeats_minutes": "60",
    "first_posts": "1",
    "spam_hold_percent": "70",
    "spam_percent": "95",
    "rejected_words": "",
    "held_words": "",
    "blocked_emails": "",
    "blocked_addresses": "",
}
BEGAN = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.fixture
def path(limited_site: Site) -> str:
    return reverse("site-rules", args=[limited_site.pk])


@pytest.fixture
def written(limited_site: Site) -> list[Post]:
    """Five posts of two authors, a minute apart; the last one waits for a moderator."""
    return write(
        limited_site,
        [
            "Hello.",
            "A casino: https://a.example",
            "Hello.",
            "Quite long enough to be said once.",
            "A slur.",
        ],
    )


def write(site: Site, bodies: list[str]) -> list[Post]:
    thread = Thread.objects.create(
        site=site, key="a" * 26, page_id="first", url="https://x.example/", epoch="e", created=BEGAN
    )
    authors = [Author.objects.create(site=site, name=name) for name in ("alice", "bob")]
    posts = [
        Post(
            site=site,
            thread=thread,
            author=authors[number % 2],
            author_name=authors[number % 2].name,
            body=body,
            html=f"<p>{body}</p>" if "://" not in body else "",
            created=BEGAN + timedelta(minutes=number),
        )
        for number, body in enumerate(bodies)
    ]
    posts[-1].status, posts[-1].is_listed = Post.Status.PENDING, False
    return Post.objects.bulk_create(posts)


def sent(*phases: str, **fields: str) -> dict[str, str]:
    """What the form sends: these phases on, in this order."""
    order = [*phases, *(name for name in PHASES if name not in phases)]
    places = {f"{name}-place": str(place) for place, name in enumerate(order, 1)}
    return FIELDS | places | {f"{name}-is_on": "on" for name in phases} | fields


def text_of(answer: Any) -> str:
    """The page's words, without its markup."""
    return " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split())


def test_the_sites_page_leads_to_its_rules(morgan: Person, limited_site: Site, path: str) -> None:
    form = morgan.client.get(reverse("admin:comments_site_change", args=[limited_site.pk]))

    assert f'href="{path}"' in form.content.decode()
    assert "This site has no rules yet." in text_of(morgan.client.get(path))


def test_rules_are_saved_in_their_order(morgan: Person, path: str, limited_site: Site) -> None:
    answer = morgan.client.post(
        path, sent("links", "words", held_words="casino\r\n/x+y/", max_links="1") | {"action": "save"}
    )

    rules = SiteRules.objects.get(site=limited_site)
    assert (answer.status_code, answer["Location"]) == (302, path)
    assert [name for name, is_on in arranged(rules.phases) if is_on] == ["links", "words", "mode"]
    assert (rules.max_links, rules.held_words) == (1, "casino\r\n/x+y/")
    assert LogEntry.objects.get().change_message == "Changed the rules."
    assert Person("alice", page_of(limited_site)).post("A casino").data["status"] == "pending"


def test_places_may_be_the_same_left_out_or_nonsense(morgan: Person, path: str) -> None:
    places = {"words-place": "1", "trap-place": "1", "links-place": "", "mode-place": "0"}

    morgan.client.post(path, sent() | places | {"action": "save"})
    nonsense = morgan.client.post(path, sent() | {"words-place": "first"} | {"action": "save"})

    order = [name for name, _ in arranged(SiteRules.objects.get().phases)]
    assert order[:3] == ["mode", "trap", "words"]
    assert order[-1] == "links"
    assert nonsense.status_code == 400
    assert "Enter a whole number." in text_of(nonsense)


def test_spam_is_not_below_what_is_held(morgan: Person, path: str) -> None:
    wrong = sent() | {"spam_hold_percent": "90", "spam_percent": "80"}

    assert "Not below the percentage" in text_of(morgan.client.post(path, wrong))
    assert not SiteRules.objects.exists()


def test_recommended_rules_are_one_click(morgan: Person, path: str, limited_site: Site) -> None:
    answer = morgan.client.post(path, {"action": "recommended"}, follow=True)

    rules = SiteRules.objects.get(site=limited_site)
    assert "The recommended rules are in force." in text_of(answer)
    assert [name for name, is_on in arranged(rules.phases) if is_on] == [
        *(each["phase"] for each in RECOMMENDED["phases"] if each["is_on"]),
        "mode",
    ]


def test_recommended_rules_do_not_take_the_place_of_others_unasked(
    morgan: Person, path: str, limited_site: Site
) -> None:
    SiteRules.objects.create(site=limited_site, held_words="casino", max_links=9)

    answer = morgan.client.post(path, {"action": "recommended"})

    assert "They are not saved yet." in text_of(answer)
    assert "casino</textarea>" in answer.content.decode()
    assert (SiteRules.objects.get().max_links, SiteRules.objects.get().phases) == (9, [])


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("rejected_words", "good\n/(a/", "Line 2: the expression is not possible: missing )"),
        ("held_words", "x" * 10_000, "Line 1: 10,000 characters are too long"),
        ("held_words", "good\n" + "/" + "a" * 10_000 + "/", "Line 2: 10,000 characters are too long"),
        ("held_words", "word\n" * 100_001, "There are more than 100,000 lines."),
        ("held_words", "a\x00b", "Null characters are not allowed."),
        ("blocked_addresses", "10.0.0.0/8\n10.0.0.1/8", "Line 2: '10.0.0.1/8' is no address and no range"),
        ("blocked_addresses", "300.1.1.1", "Line 1: '300.1.1.1' is no address"),
        ("blocked_emails", "<script>", "Line 1: &#x27;&lt;script&gt;&#x27; is no e-mail address"),
        ("max_links", "-1", "greater than or equal to 0"),
        ("max_links", "99999999999999999999", "less than or equal to"),
        ("repeats_minutes", "x", "Enter a whole number."),
        ("first_posts", "", "This field is required."),
    ],
)
@pytest.mark.parametrize("action", ["save", "try"])
def test_what_is_wrong_is_said_and_nothing_is_saved(
    morgan: Person, path: str, field: str, value: str, told: str, action: str
) -> None:
    answer = morgan.client.post(path, sent("words", **{field: value}) | {"action": action})

    assert answer.status_code == 400
    assert told.replace("'", "&#x27;") in text_of(answer)
    assert "Nothing was saved." in text_of(answer)
    assert not SiteRules.objects.exists()


def test_stored_nonsense_can_be_opened_and_mended(morgan: Person, path: str, limited_site: Site) -> None:
    SiteRules.objects.create(site=limited_site, phases={"x": [1]}, held_words="/(/", blocked_addresses="x")

    assert morgan.client.get(path).status_code == 200
    assert morgan.client.post(path, sent("words") | {"action": "save"}).status_code == 302


def test_two_lists_of_a_hundred_thousand_words_are_saved(
    morgan: Person, path: str, limited_site: Site
) -> None:
    words = "\r\n".join(f"word{number:06}" for number in range(100_000))

    answer = morgan.client.post(path, sent("words", held_words=words, rejected_words=words))

    assert answer.status_code == 302
    assert SiteRules.objects.get().held_words == words


def test_only_who_may_change_the_site_may_see_its_rules(path: str, limited_site: Site, site: Site) -> None:
    def client_of(name: str, of: Site, role: SiteGroup.Role) -> Client:
        user = get_user_model().objects.create_user(name, is_staff=True)
        user.groups.add(group_of(of, role))
        client = Client()
        client.force_login(user)
        return client

    owner = client_of("olivia", limited_site, SiteGroup.Role.OWNER)
    moderator = client_of("morgan", limited_site, SiteGroup.Role.MODERATOR)
    stranger = client_of("oscar", site, SiteGroup.Role.OWNER)

    assert [client.get(path).status_code for client in (moderator, stranger, Client())] == [404, 404, 302]
    assert [client.post(path, sent()).status_code for client in (moderator, stranger)] == [404, 404]
    assert not SiteRules.objects.exists()
    assert (owner.get(path).status_code, owner.post(path, sent()).status_code) == (200, 302)


def test_a_site_that_is_not_there_has_no_rules(morgan: Person) -> None:
    assert morgan.client.get(reverse("site-rules", args=[10**17])).status_code == 404


# The dry run


def test_a_dry_run_shows_what_would_change_and_changes_nothing(
    morgan: Person, path: str, written: list[Post], limited_site: Site, redis_client: Any
) -> None:
    saved = SiteRules.objects.create(site=limited_site, held_words="nothing")
    before = list(Post.objects.order_by("pk").values())

    answer = morgan.client.post(
        path,
        sent("words", "repeats", held_words="casino", rejected_words="slur") | {"action": "try"},
    )

    page = text_of(answer)
    assert answer.status_code == 200
    assert "Tried on the last 5 comments" in page
    assert re.search(r"Shown at once 4 2 Held 1 2 Spam 0 0 Refused 0 1", page), page
    assert "What would change (3)" in page
    assert "Contains “casino” (held words, line 1)" in page
    assert "Contains “slur” (refused words, line 1)" in page
    assert "The same text came by the same author within 60 minutes" in page
    assert reverse("admin:comments_post_change", args=[written[1].pk]) in answer.content.decode()
    assert "casino</textarea>" in answer.content.decode()  # the form keeps what was tried
    assert list(Post.objects.order_by("pk").values()) == before
    assert (HeldFor.objects.count(), Event.objects.count()) == (0, 0)
    assert SiteRules.objects.values().get() == {
        field.attname: getattr(saved, field.attname) for field in SiteRules._meta.concrete_fields
    }
    assert not list(redis_client.scan_iter("kibitz:said:*"))


def test_a_dry_run_knows_who_had_approved_posts_at_the_time(written: list[Post], limited_site: Site) -> None:
    fields = SiteRules(site=limited_site, phases=[{"phase": "first_posts", "is_on": True}], first_posts=2)

    found = try_rules(fields, limited_site)
    last_only = try_rules(fields, limited_site, at_most=2)

    # alice's third has two before it, bob's second one.
    assert [change.post.pk for change in found.changes] == [
        each.pk for each in (written[4], written[3], written[2], written[1], written[0])
    ]
    assert found.then == {Outcome.HOLD: 4, Outcome.PASS: 1}
    assert last_only.then == {Outcome.HOLD: 1, Outcome.PASS: 1}


def test_a_dry_run_leaves_out_that_the_site_holds_everything(written: list[Post], limited_site: Site) -> None:
    limited_site.moderation = Site.Moderation.PRE

    assert try_rules(SiteRules(site=limited_site), limited_site).then == {Outcome.PASS: len(written)}


def test_a_dry_run_takes_the_newest_of_one_site(written: list[Post], limited_site: Site, site: Site) -> None:
    Post.objects.filter(pk=written[3].pk).update(status=Post.Status.DELETED)
    Post.objects.filter(pk=written[2].pk).update(status=Post.Status.SPAM, is_listed=False)

    posts = latest_posts(limited_site, 3)

    assert [post.pk for post in posts] == [written[1].pk, written[2].pk, written[4].pk]
    assert latest_posts(site, 3) == []


def test_a_dry_run_of_nothing(morgan: Person, path: str) -> None:
    assert "There are no comments on this site" in text_of(
        morgan.client.post(path, sent() | {"action": "try"})
    )


def test_a_dry_run_over_a_thousand_posts_and_a_hundred_thousand_words_is_quick(limited_site: Site) -> None:
    write(limited_site, [f"Comment {number}, {'and so on ' * 50}" for number in range(trial.POSTS + 1)])
    words = "\n".join(f"word{number:x}" for number in range(100_000))
    phases = [{"phase": name, "is_on": True} for name in PHASES]
    fields = SiteRules(site=limited_site, phases=phases, held_words=words)

    found = try_rules(fields, limited_site)

    assert found.posts == trial.POSTS
