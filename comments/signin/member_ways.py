"""A member's own ways in: which there are, one more, one less, and the address that codes go to.

Whoever can change them has the account for good. So what a browser that was left open, or a session that was
stolen, may do with everything else does not hold here: the session must have begun a moment ago, by a proof.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final, TypedDict

from django.db import transaction
from django.http import HttpRequest

from comments.errors import LastWay, NotFound, Refused, SignInAgain, WayOff
from comments.identity.members import Profile, join, take_email
from comments.identity.models import Author, Identity, Session
from comments.mail.message import texts
from comments.mail.services import enqueue
from comments.signin.codes import Asked, require_code, send_code, use_up
from comments.signin.handoffs import begin_adding
from comments.signin.models import EmailCode, Passkey
from comments.signin.passkeys import keep
from comments.signin.providers import names_set_up
from comments.signin.ways import lets_in_by, offers_codes, sign_in_of
from comments.sites.models import Site

FRESH: Final = timedelta(minutes=15)
WAYS_MAX: Final = 20
MAIL_LIFETIME: Final = timedelta(days=1)


class OwnWay(TypedDict):
    id: int
    provider: str
    name: str  # of who answers for it, where that is a provider; else ""
    created: datetime
    is_removable: bool


class OwnWays(TypedDict):
    email: str  # proved; else ""
    is_email_changeable: bool
    is_fresh: bool
    ways: list[OwnWay]


# Tells the author, at their proved address, what has changed: the mail's template, the identity's provider.
Tell = Callable[[Author, str, str], None]


def ways_of_member(site: Site, session: Session, *, now: datetime) -> OwnWays:
    author = session.author
    return {
        "email": author.email if author.is_email_verified else "",
        "is_email_changeable": offers_codes(site) and not _is_email_of_site(site, author),
        "is_fresh": is_fresh(session, now=now),
        "ways": [
            {
                "id": each.pk,
                "provider": each.provider,
                "name": names_set_up().get(each.provider, ""),
                "created": each.created,
                "is_removable": each.provider != Identity.SSO,
            }
            for each in author.identities.order_by("created", "pk")
        ],
    }


def is_fresh(session: Session, *, now: datetime) -> bool:
    """Whether the session began a moment ago. One of the site's own sign-in never did: that needs nobody at
    the keyboard, and who leaves the site shall not keep a way in that they made of it."""
    return session.provider != Identity.SSO and now - session.created < FRESH


def require_fresh(session: Session, *, now: datetime) -> None:
    """Raises SignInAgain."""
    if not is_fresh(session, now=now):
        raise SignInAgain()


def begin_way(session: Session, challenge: str, *, now: datetime) -> None:
    """Before the popup opens, so that nothing is made there in vain. Raises SignInAgain, HandoffRefused, and
    Refused where there are enough."""
    require_fresh(session, now=now)
    if session.author.identities.count() >= WAYS_MAX:
        raise Refused(f"At most {WAYS_MAX} ways to sign in.")
    begin_adding(session, challenge, now=now)


def add_way(author: Author, profile: Profile, tell: Tell) -> None:
    """Lets the author in by what the popup brought, which was theirs to begin; twice is once. Raises
    WayTaken, and then nothing has changed."""
    with transaction.atomic():
        keep(profile)
        if join(author, profile):
            tell(author, "way_added", profile.provider)


def remove_way(site: Site, session: Session, pk: int, tell: Tell, *, now: datetime) -> None:
    """Ends the other sessions that began by such a one, too. Raises SignInAgain, NotFound, LastWay, and
    Refused for the site's own sign-in, which would make another member of its reader the next time."""
    require_fresh(session, now=now)
    with transaction.atomic():
        # Of two removals at once the second one sees what the first has left.
        author = Author.objects.select_for_update().get(pk=session.author_id)
        ways = list(author.identities.all())
        way = next((each for each in ways if each.pk == pk), None)
        if way is None:
            raise NotFound()
        if way.provider == Identity.SSO:
            raise Refused("This is the site's own to change.")
        has_code = author.is_email_verified and offers_codes(site)
        if not has_code and not any(lets_in_by(site, each.provider) for each in ways if each is not way):
            raise LastWay()
        way.delete()
        if way.provider == Identity.PASSKEY and not _is_used(way.subject):
            Passkey.objects.filter(handle=way.subject).delete()
        author.sessions.filter(provider=way.provider).exclude(pk=session.pk).delete()
        tell(author, "way_removed", way.provider)


def ask_email(request: HttpRequest, site: Site, asked: Asked, *, now: datetime) -> EmailCode:
    """Has a code sent to the address that the session's author wants for theirs. Raises as set_email and
    codes.send_code do."""
    assert asked.session is not None
    _require_email_changeable(site, asked.session, now=now)
    return send_code(request, site, asked, now=now)


def set_email(
    request: HttpRequest,
    site: Site,
    session: Session,
    row: EmailCode,
    code: str,
    tell: Tell,
    *,
    now: datetime,
) -> None:
    """Makes the code's address that of the author whose session asked for it. Raises SignInAgain, WayOff,
    Refused where it is the site's to say, NotFound for what another session asked for, or for signing in;
    what codes.require_code does; and WayTaken, and then nothing has changed, but that the code is used."""
    _require_email_changeable(site, session, now=now)
    if row.session_id != session.pk:
        raise NotFound()
    require_code(request, row, code, now=now)
    use_up(row)
    with transaction.atomic():
        session.author = author = Author.objects.select_for_update().get(pk=session.author_id)
        if not (author.is_email_verified and author.email == row.email):
            tell(author, "email_changed", "")  # at the address before
            take_email(author, row.email)


def _require_email_changeable(site: Site, session: Session, *, now: datetime) -> None:
    require_fresh(session, now=now)
    if not sign_in_of(site).has_codes:
        raise WayOff()
    if _is_email_of_site(site, session.author):
        raise Refused("This is the site's own to change.")


def _is_email_of_site(site: Site, author: Author) -> bool:
    """Whether the address of one whom the site's own sign-in lets in may be what its tokens say: the next one
    would have it back."""
    return (
        author.is_email_verified
        and lets_in_by(site, Identity.SSO)
        and author.identities.filter(provider=Identity.SSO).exists()
    )


def teller(site: Site, page: str, language: str, *, now: datetime) -> Tell:
    """Leaves the mail to the author's proved address; who has none hears nothing. `page` is a host's name."""

    def tell(author: Author, template: str, provider: str) -> None:
        if not author.is_email_verified:
            return
        name = site.name or page or site.key
        context: dict[str, str | int] = {
            "site": name,
            "where": f"{name} ({page})" if page and page != name else name,
            "way": _name_of(provider, texts(language)[template]),
        }
        enqueue(author.email, template, language, context, now=now, lifetime=MAIL_LIFETIME)

    return tell


def _name_of(provider: str, words: Mapping[str, str]) -> str:
    return words["passkey"] if provider == Identity.PASSKEY else names_set_up().get(provider, provider)


def _is_used(handle: str) -> bool:
    """On another site."""
    return Identity.objects.filter(provider=Identity.PASSKEY, subject=handle).exists()
