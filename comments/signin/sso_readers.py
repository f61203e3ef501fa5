"""Makes a site's reader the author that the site's token says: each token has the last word."""

from datetime import datetime, timedelta
from typing import Final

from django.db import IntegrityError, transaction

from comments.audit.models import Action
from comments.audit.services import Gesture, action
from comments.errors import SsoTokenUsed
from comments.identity.members import Profile, member_by_profile
from comments.identity.models import Author, Identity
from comments.identity.names import is_reserved
from comments.signin.models import Avatar, UsedToken
from comments.signin.pictures import want
from comments.signin.sso import ROLES, Claims
from comments.sites.models import Site

IN_FLIGHT: Final = timedelta(minutes=1)  # a request that found the token good, and waits to use it up


def author_of(claims: Claims, site: Site, *, now: datetime) -> Author:
    """The member whom the site vouches for, as its token says; the token is used up with it. Raises
    SsoTokenUsed.

    A guest's comments do not become the member's, as with other ways in: this one needs no click, and who
    wrote under another name shall not be told apart unawares.
    """
    profile = Profile(
        provider=Identity.SSO,
        subject=claims.subject,
        name=claims.name,
        email=claims.email,
        is_email_verified=claims.is_email_verified,
        is_email_trusted=claims.is_email_verified,
        avatar_url=claims.avatar_url,
    )
    with transaction.atomic():
        _use_up(claims, site)
        found, _ = member_by_profile(site, profile)
        author = Author.objects.select_for_update().get(pk=found.pk)
        _update(author, site, claims, now=now)
        _take_email(author, claims)
        want(author, claims.avatar_url, source=Avatar.SITE, now=now)
    return author


def _use_up(claims: Claims, site: Site) -> None:
    try:
        with transaction.atomic():
            UsedToken.objects.create(
                site=site, digest=claims.token_digest, expires=claims.expires + IN_FLIGHT
            )
    except IntegrityError as error:
        raise SsoTokenUsed() from error


def _update(author: Author, site: Site, claims: Claims, *, now: datetime) -> None:
    """Name, badge and role. A role's trust is taken back with it; moderators' "watched" is theirs alone."""
    had_role = author.badge in ROLES  # no token gives such a badge but by a role
    before: dict[str, object] = {"badge": author.badge, "trust": author.trust}
    if claims.role or not is_reserved(site, claims.name):  # whose names are readers' own choice
        author.name = claims.name or author.name
    author.badge = claims.role or claims.badge
    if claims.role and not had_role and author.trust == Author.Trust.NEW:
        author.trust = Author.Trust.TRUSTED
    elif had_role and not claims.role and author.trust == Author.Trust.TRUSTED:
        author.trust = Author.Trust.NEW
    author.save(update_fields=["name", "badge", "trust"])
    after: dict[str, object] = {"badge": author.badge, "trust": author.trust}
    if before != after and (had_role or claims.role):
        told = Gesture(None, now, "The site's single sign-on says so.")
        action(
            told, Action.Kind.TRUST, author.site_id, before=before, after=after, author_id=author.pk
        ).save()


def _take_email(author: Author, claims: Claims) -> None:
    """The address, unless another member has proved it, or this one has proved another one."""
    if not claims.email or (author.is_email_verified and not claims.is_email_verified):
        return
    author.email, author.is_email_verified = claims.email, claims.is_email_verified
    try:
        with transaction.atomic():
            author.save(update_fields=["email", "is_email_verified"])
    except IntegrityError:
        author.refresh_from_db(fields=["email", "is_email_verified"])
