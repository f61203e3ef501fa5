"""The signed token by which a guest's browser proves that it is an author."""

from django.core import signing

from comments.errors import InvalidToken
from comments.identity.models import Author

_SALT = "kibitz.author"


def issue_token(author: Author) -> str:
    """A token without expiry, for a guest has no other way back to their posts."""
    return signing.dumps([author.pk, author.site_id], salt=_SALT)


def author_of(token: str) -> Author:
    """Raises InvalidToken for a token that was altered, made elsewhere, or whose author is gone or a member
    by now: a token without an end must not open what a session protects."""
    author_id, site_id = signed_ids(token)
    try:
        return Author.objects.get(pk=author_id, site_id=site_id, is_member=False)
    except Author.DoesNotExist as error:
        raise InvalidToken() from error


def signed_ids(token: str) -> tuple[int, int]:
    """The ids of author and site that a token was made for; raises InvalidToken for one that was altered or
    made elsewhere."""
    try:
        author_id, site_id = signing.loads(token, salt=_SALT)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise InvalidToken() from error
    return author_id, site_id
