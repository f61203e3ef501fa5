"""Who a proof makes somebody: the member that they are already, or a new one."""

from dataclasses import asdict, dataclass
from typing import Any

from django.db import IntegrityError, transaction

from comments.errors import EmailProofRequired, WayTaken
from comments.identity.models import Author, Identity
from comments.identity.names import is_reserved
from comments.markup.plain import one_line
from comments.sites.models import Site

NAME_MAX_CHARS = 64
DEFAULT_NAME = "Guest"


@dataclass(frozen=True, slots=True)
class Profile:
    """What a provider says of who came back from it. `is_email_trusted`: the provider may say whose address
    it is; else the address's owner has to."""

    provider: str
    subject: str
    name: str = ""
    email: str = ""
    is_email_verified: bool = False
    is_email_trusted: bool = False
    avatar_url: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def normal_email(email: str) -> str:
    """The one way in which an address is written here: in lower case, its domain in ASCII. A local part that
    is not ASCII stays as it is: in lower case, letters that only look alike would become a, k or s."""
    local, at, domain = email.strip().rpartition("@")
    try:
        domain = domain.encode("idna").decode()
    except UnicodeError:
        return email.strip()  # no domain of the internet, so nobody's address
    return (local.lower() if local.isascii() else local) + at + domain.lower()


def member_by_email(
    site: Site, email: str, *, name: str = "", guest: Author | None = None
) -> tuple[Author, bool]:
    """The member whose address this is, which somebody has just proved; True with one who is new. A `guest`
    becomes the member, with all that they have written, where there is none."""
    email = normal_email(email)
    found = _of_email(site, email)
    if found is not None:
        return found, False
    try:
        with transaction.atomic():
            return _new_member(site, name, email, guest), True
    except IntegrityError:  # two proofs at once
        found = _of_email(site, email)
        if found is None:
            raise
        return found, False


def member_by_profile(site: Site, profile: Profile, *, guest: Author | None = None) -> tuple[Author, bool]:
    """The member who signed in through this provider before, or whose verified address the provider vouches
    for, else a new one; True with one who is new. Raises EmailProofRequired where the address is another
    member's and the provider is not trusted with addresses."""
    found = _of_identity(site, profile)
    if found is not None:
        return found, False
    email = normal_email(profile.email) if profile.is_email_verified else ""
    owner = _of_email(site, email) if email else None
    if owner is not None and not profile.is_email_trusted:
        raise EmailProofRequired()
    try:
        with transaction.atomic():
            proved = email if profile.is_email_trusted else ""
            author = owner or _new_member(site, profile.name, proved, guest)
            add_identity(author, profile.provider, profile.subject)
            return author, owner is None
    except IntegrityError:
        found = _of_identity(site, profile) or (_of_email(site, email) if email else None)
        if found is None:
            raise
        return found, False


def add_identity(author: Author, provider: str, subject: str) -> None:
    """Lets the author in by this way, too. Raises IntegrityError where it is somebody else's."""
    Identity.objects.create(author=author, site_id=author.site_id, provider=provider, subject=subject)


def join(author: Author, profile: Profile) -> bool:
    """Lets the author in by what they have proved to have; False where it does already. Raises WayTaken where
    it is another member's."""
    try:
        with transaction.atomic():
            add_identity(author, profile.provider, profile.subject)
    except IntegrityError as error:
        owner = _of_identity(author.site, profile)
        if owner is None or owner.pk != author.pk:
            raise WayTaken() from error
        return False
    return True


def take_email(author: Author, email: str) -> None:
    """Makes an address that the author has just proved theirs, in the place of another. Raises WayTaken where
    it is another member's."""
    # Looked for first, so that two who want each other's are both refused at once, and neither waits.
    if _of_email(author.site, email) not in {None, author}:
        raise WayTaken()
    author.email, author.is_email_verified = email, True
    try:
        with transaction.atomic():
            author.save(update_fields=["email", "is_email_verified"])
    except IntegrityError as error:  # two proofs at once
        raise WayTaken() from error


def _of_identity(site: Site, profile: Profile) -> Author | None:
    found = Identity.objects.select_related("author").filter(
        site=site, provider=profile.provider, subject=profile.subject
    )
    identity = found.first()
    return identity.author if identity else None


def _of_email(site: Site, email: str) -> Author | None:
    return Author.objects.filter(site=site, email=email, is_email_verified=True).first()


def _new_member(site: Site, name: str, email: str, guest: Author | None) -> Author:
    """`email` is proved, or ""."""
    author = guest if guest is not None and guest.site_id == site.pk else Author(site=site)
    # No part of the address: it is private.
    author.name = (one_line(name) or author.name)[:NAME_MAX_CHARS]
    if not author.name or is_reserved(site, author.name):  # who typed it has been told already
        author.name = DEFAULT_NAME
    author.email, author.is_email_verified = email, bool(email)
    author.is_member = True
    author.save()
    return author
