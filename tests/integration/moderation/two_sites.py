"""Two sites full of what the other's moderators must not see, and everybody who might look."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import Group, Permission, User
from django.db.models import Model
from django.test import Client

from comments.identity.tokens import issue_token
from comments.models import (
    Action,
    Author,
    AuthorNote,
    Claim,
    EmailCode,
    ErasedText,
    Event,
    Flag,
    HeldFor,
    Post,
    Site,
    SiteGroup,
    SiteRules,
    SiteSignIn,
    Thread,
)
from comments.sites.roles import MODERATORS_MAY, group_of
from tests.cast import Page

LONG_AGO: Final = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
FAR: Final = datetime(2100, 1, 1, tzinfo=UTC)
OF_SITE: Final = (
    *(Action, Author, Event, Flag, AuthorNote, Claim, ErasedText, HeldFor, Post, Site, SiteGroup),
    *(SiteRules, Thread, EmailCode, SiteSignIn),
)
PRIVATE: Final = ("body", "email", "ban", "flag", "note", "deed", "moderator")  # and in rules and reasons


@dataclass
class Tenant:
    """A site, with marks in everything that it has. `count` is a number that appears nowhere else."""

    name: str
    address: str
    count: int
    pending: int
    site: Site = field(init=False)
    thread: Thread = field(init=False)
    code: EmailCode = field(init=False)
    author: Author = field(init=False)
    posts: dict[str, Post] = field(init=False)
    moderator: User = field(init=False)

    def __post_init__(self) -> None:
        origin = f"https://zz-{self.name}-public.example"
        self.site = Site.objects.create(
            key=f"zz-{self.name}-public-site", name=self.said("public", "site"), origins=[origin]
        )
        self.moderator = User.objects.create_user(self.said("private", "moderator"), is_staff=True)
        self.moderator.groups.add(group_of(self.site, SiteGroup.Role.MODERATOR))
        self.page = Page(self.site.key, "first", f"{origin}/first/", self.said("public", "title"))
        self.thread = Thread.objects.create(
            site=self.site,
            key=self.page.key,
            page_id=self.page.page_id,
            url=self.page.url,
            title=self.page.title,
            epoch="e" * 16,
            seq=self.count,
            posts=self.count,
            created=LONG_AGO,
        )
        self.author = Author.objects.create(
            site=self.site,
            name=self.said("public", "name"),
            email=f"{self.said('private', 'email')}@mail.example",
            banned_at=LONG_AGO,
            banned_until=FAR,
            ban_reason=self.said("private", "ban"),
        )
        others = [status for status in Post.Status.values if status != "pending"]
        self.posts = {status: self._post(status) for status in others}
        self.posts["pending"] = [self._post("pending") for _ in range(self.pending)].pop()
        published = self.posts["published"]
        for post in (published, self.posts["pending"]):
            Flag.objects.create(
                post=post, author=self.author, reason=self.said("private", "flag"), created=LONG_AGO
            )
        Post.objects.filter(pk=published.pk).update(open_flags=1)
        SiteRules.objects.create(site=self.site, held_words=self.said("private", "word"))
        SiteSignIn.objects.create(
            site=self.site,
            sso_algorithm=SiteSignIn.Algorithm.HS256,
            sso_key=self.said("private", "key-of-single-sign-on"),
            sso_issuer=self.said("private", "issuer"),
        )
        HeldFor.objects.create(
            post=self.posts["pending"],
            phase="words",
            outcome="hold",
            reason=self.said("private", "held"),
            created=LONG_AGO,
        )
        AuthorNote.objects.create(author=self.author, by=self.moderator, text=self.said("private", "note"))
        Claim.objects.create(post=self.posts["pending"], by=self.moderator, until=FAR)
        self.code = EmailCode.objects.create(
            site=self.site, email=self.author.email, digest="0" * 64, created=LONG_AGO, expires=FAR
        )
        self.action = Action.objects.create(
            site=self.site,
            kind=Action.Kind.REJECT,
            by=self.moderator.username,
            by_id=self.moderator.pk,
            batch=uuid4(),
            post_id=self.posts["hidden"].pk,
            author_id=self.author.pk,
            before={"status": "pending", "flags": []},
            after={"status": "hidden"},
            reason=self.said("private", "deed"),
            created=LONG_AGO,
        )

        self.passkey = Authenticator.objects.create(
            user=self.moderator,
            type=Authenticator.Type.WEBAUTHN,
            data={"name": self.said("private", "passkey"), "credential": {}},
        )
        self.session = UserSession.objects.create(
            user=self.moderator,
            ip=self.address,
            user_agent=self.said("private", "browser"),
            session_key=f"session of {self.name}",
        )

    def said(self, kind: str, what: str) -> str:
        return f"zz-{self.name}-{kind}-secret-{what}"

    def rows(self) -> dict[str, list[Any]]:
        """Everything that the database has of it."""
        account = [Authenticator, UserSession]
        return {
            **{model.__name__: list(self._of(model).order_by("pk").values()) for model in OF_SITE},
            **{model.__name__: list(model.objects.filter(user=self.moderator).values()) for model in account},
        }

    def one_of(self, model: type[Model]) -> Model:
        if model is Post:
            return self.posts["pending"]
        found: Model = self._of(model).first()
        return found

    def marks(self) -> list[str]:
        """What has to be seen by who may see all of it."""
        return [*(self.said("private", what) for what in PRIVATE), self.address, str(self.count)]

    def leaks_in(self, text: str, *, but_public: bool) -> list[str]:
        """What of this site stands in an answer. Some is public, for those who know the page."""
        marks = [f"zz-{self.name}-private", self.address]
        marks += [] if but_public else [f"zz-{self.name}-public", str(self.count)]
        return [mark for mark in marks if mark in text]

    def _of(self, model: type[Model]) -> Any:
        path = {
            Site: "pk",
            Event: "thread__site",
            Flag: "post__site",
            AuthorNote: "author__site",
            Claim: "post__site",
            HeldFor: "post__site",
            ErasedText: "post__site",
        }.get(model, "site")
        return model._default_manager.filter(**{path: self.site.pk})

    def _post(self, status: str) -> Post:
        is_public = status == Post.Status.PUBLISHED
        body = (
            "" if status in {"erased", "deleted"} else self.said("public" if is_public else "private", "body")
        )
        return Post.objects.create(
            site=self.site,
            thread=self.thread,
            author=self.author,
            author_name=self.said("public" if is_public else "private", "name"),
            body=body,
            html=f"<p>{body}</p>",
            status=status,
            is_listed=is_public,
            seq=1,
            address=self.address,
            created=LONG_AGO,
        )


@dataclass
class Looker:
    """Somebody who looks, and the sites whose moderators' pages they may see."""

    client: Client
    sees: list[Tenant]
    unseen: list[Tenant]
    user: User | None = None
    token: str = ""

    @property
    def headers(self) -> dict[str, str]:
        return {"X-Kibitz": "1"} | ({"Authorization": f"Bearer {self.token}"} if self.token else {})


ROLES: Final = (
    "nobody",
    "a reader of a",
    "staff without a role",
    "a moderator of a",
    "an owner of a",
    "a moderator of b",
    "a moderator of all",
    "a superuser",
)


each_role = pytest.mark.parametrize("role", ROLES)


class TwoSites:
    def __init__(self) -> None:
        self.a = Tenant("a", "198.51.100.77", 1719283746, 5)
        self.b = Tenant("b", "203.0.113.77", 1928374655, 37)
        self.tenants = [self.a, self.b]

    def looker(self, role: str) -> Looker:
        sees = {
            "a moderator of a": [self.a],
            "an owner of a": [self.a],
            "a moderator of b": [self.b],
            "a moderator of all": self.tenants,
            "a superuser": self.tenants,
        }.get(role, [])
        client = Client()
        user, token = None, ""
        if role == "a reader of a":
            token = issue_token(Author.objects.create(site=self.a.site, name="reader"))
        elif role != "nobody":
            user = self._account(role)
            client.force_login(user)
        return Looker(client, sees, [one for one in self.tenants if one not in sees], user, token)

    def _account(self, role: str) -> User:
        user = User.objects.create_user("looker", is_staff=True, is_superuser=role == "a superuser")
        match role:
            case "a moderator of a":
                user.groups.add(group_of(self.a.site, SiteGroup.Role.MODERATOR))
            case "an owner of a":
                user.groups.add(group_of(self.a.site, SiteGroup.Role.OWNER))
            case "a moderator of b":
                user.groups.add(group_of(self.b.site, SiteGroup.Role.MODERATOR))
            case "a moderator of all":
                group = Group.objects.create(name="all sites")
                group.permissions.set(
                    Permission.objects.filter(content_type__app_label="comments", codename__in=MODERATORS_MAY)
                )
                user.groups.add(group)
        return user
