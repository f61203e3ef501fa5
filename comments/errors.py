"""Everything that can go wrong on purpose, one class per decision that a caller can take.

KibitzError
├── Invalid                  400 invalid                     a field's value; `fields` says which
│   ├── UnknownField         400 unknown_field
│   ├── MalformedJson        400 malformed_json
│   ├── MalformedKey         400 malformed_key
│   ├── InvalidCursor        400 invalid_cursor
│   ├── KeyMismatch          400 key_mismatch                the page does not hash to the key
│   ├── UnknownParent        400 unknown_parent
│   └── ParentElsewhere      400 parent_elsewhere            the parent is in another thread
├── InvalidToken             401 invalid_token
├── SignedOut                401 signed_out                  of the session that the request named
├── InvalidSsoToken          401 invalid_sso_token           `detail` tells the site's developer why
├── SsoTokenUsed             401 sso_token_used
├── Refused                  403 refused
│   ├── HeaderMissing        403 header_missing              X-Kibitz: 1
│   ├── LoggedOut            403 logged_out                  of the admin
│   ├── SecondFactorMissing  403 second_factor_missing       the operator demands one of staff
│   ├── OriginNotAllowed     403 origin_not_allowed
│   ├── WayOff               403 way_off                     the site's owner has switched it off
│   │   └── MailOff          403 mail_off                    no mail server is set
│   ├── SignInAgain          403 sign_in_again               the session is not fresh enough for this
│   ├── GuestsNotAllowed     403 guests_not_allowed
│   ├── Banned               403 banned
│   ├── NotAuthor            403 not_author
│   ├── EditWindowClosed     403 edit_window_closed
│   ├── OwnPost              403 own_post                    a vote on one's own post
│   ├── ProofRequired        403 proof_required              solve a challenge, send it again with the proof
│   ├── VotesOff             403 votes_off
│   ├── HandoffRefused       403 handoff_refused             what a popup has finished: wrong, late or taken
│   ├── WrongCode            403 wrong_code                  what was typed; another try is possible
│   ├── CodeExpired          403 code_expired                old, used, replaced, guessed at: ask for another
│   ├── ThreadLocked         403 thread_locked
│   └── NotAccepted          403 not_accepted                the site's rules refuse the text
├── NotFound                 404 not_found
│   ├── UnknownSite          404 unknown_site
│   ├── UnknownPost          404 unknown_post
│   └── NoPicture            404 no_picture                  of a member's address, at Gravatar
├── PostDeleted              409 post_deleted
├── EmailProofRequired       409 email_proof_required        the address is another member's
├── WayTaken                 409 way_taken                   it is another member's way in
├── LastWay                  409 last_way                    without it they could not come back
├── Resync                   410 resync                      take a new snapshot
├── TooLarge                 413 too_large
├── IdempotencyKeyReused     422 idempotency_key_reused      the same key with another body
├── Throttled                429 throttled                   `retry_after_seconds`
│   └── SlowMode             429 slow_mode                   the thread asks its authors to wait
└── Unavailable              503 unavailable                 `retry_after_seconds`
    └── QueueFull            503 queue_full                  too much waits for readers already
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

Fields = Mapping[str, Sequence[str]]


class KibitzError(Exception):
    """`detail` is a sentence for people, `code` is for programs, `fields` names the inputs at fault."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "invalid"
    default_detail: ClassVar[str] = "The request is not valid."

    def __init__(self, detail: str = "", *, fields: Fields | None = None) -> None:
        self.detail = detail or self.default_detail
        self.fields: Fields = fields or {}
        super().__init__(self.detail)


class Invalid(KibitzError):
    pass


class UnknownField(Invalid):
    code = "unknown_field"
    default_detail = "The request has a field that this call does not know."


class MalformedJson(Invalid):
    code = "malformed_json"
    default_detail = "The body is not valid JSON in UTF-8."


class MalformedKey(Invalid):
    code = "malformed_key"
    default_detail = "A thread key is 26 characters of a-z and 2-7."


class InvalidCursor(Invalid):
    code = "invalid_cursor"
    default_detail = "That cursor is not one that this call gave."


class KeyMismatch(Invalid):
    code = "key_mismatch"
    default_detail = "The site and page do not belong to this thread key."


class UnknownParent(Invalid):
    code = "unknown_parent"
    default_detail = "The comment that this replies to does not exist."


class ParentElsewhere(Invalid):
    code = "parent_elsewhere"
    default_detail = "The comment that this replies to is in another thread."


class InvalidToken(KibitzError):
    status = 401
    code = "invalid_token"
    default_detail = "The token is not valid here."


class SignedOut(KibitzError):
    status = 401
    code = "signed_out"
    default_detail = "You are signed out. Sign in again."


class InvalidSsoToken(KibitzError):
    status = 401
    code = "invalid_sso_token"
    default_detail = "The token of the site's own sign-in is not valid."


class SsoTokenUsed(KibitzError):
    status = 401
    code = "sso_token_used"
    default_detail = "This token of the site's own sign-in was used before."


class Refused(KibitzError):
    status = 403
    code = "refused"
    default_detail = "That is not allowed."


class HeaderMissing(Refused):
    code = "header_missing"
    default_detail = "Calls that change something need the header X-Kibitz: 1."


class LoggedOut(Refused):
    code = "logged_out"
    default_detail = "Only moderators may do that, logged in to the admin."


class SecondFactorMissing(Refused):
    code = "second_factor_missing"
    default_detail = "Set up a second factor first, in the admin under Security."


class OriginNotAllowed(Refused):
    code = "origin_not_allowed"
    default_detail = "The site does not list this address among its origins."


class WayOff(Refused):
    code = "way_off"
    default_detail = "This way to sign in is switched off on this site."


class MailOff(WayOff):
    code = "mail_off"
    default_detail = "No e-mail can be sent from here: the operator has set no mail server."


class SignInAgain(Refused):
    code = "sign_in_again"
    default_detail = "Sign in again first: ways to sign in are changed shortly after."


class GuestsNotAllowed(Refused):
    code = "guests_not_allowed"
    default_detail = "This site does not take comments from guests."


class Banned(Refused):
    code = "banned"
    default_detail = "You cannot comment on this site."


class NotAuthor(Refused):
    code = "not_author"
    default_detail = "Only its author or a moderator can do that."


class EditWindowClosed(Refused):
    code = "edit_window_closed"
    default_detail = "The time in which this comment could be changed has passed."


class OwnPost(Refused):
    code = "own_post"
    default_detail = "You cannot vote on your own comment."


class ProofRequired(Refused):
    code = "proof_required"
    default_detail = "Solve a challenge of this site, and send the same again with X-Kibitz-Proof."


class VotesOff(Refused):
    code = "votes_off"
    default_detail = "Votes are switched off on this site."


class HandoffRefused(Refused):
    code = "handoff_refused"
    default_detail = "That is not right, or it is too late for it. Look again, or start again."


class WrongCode(Refused):
    code = "wrong_code"
    default_detail = "That is not the code."


class CodeExpired(Refused):
    code = "code_expired"
    default_detail = "That code is good for nothing any more. Ask for another one."


class ThreadLocked(Refused):
    code = "thread_locked"
    default_detail = "This thread is closed."


class NotAccepted(Refused):
    code = "not_accepted"
    default_detail = "This comment cannot be accepted here."


class NotFound(KibitzError):
    status = 404
    code = "not_found"
    default_detail = "There is nothing here."


class UnknownSite(NotFound):
    code = "unknown_site"
    default_detail = "There is no site with this key."


class UnknownPost(NotFound):
    code = "unknown_post"
    default_detail = "There is no such comment."


class NoPicture(NotFound):
    code = "no_picture"
    default_detail = "Gravatar has no picture for your e-mail address."


class PostDeleted(KibitzError):
    status = 409
    code = "post_deleted"
    default_detail = "This comment was removed."


class EmailProofRequired(KibitzError):
    status = 409
    code = "email_proof_required"
    default_detail = (
        "Somebody comments here with this e-mail address already. A code that is sent there proves it is you."
    )


class WayTaken(KibitzError):
    status = 409
    code = "way_taken"
    default_detail = "Somebody else signs in here with this already. Nothing was changed."


class LastWay(KibitzError):
    status = 409
    code = "last_way"
    default_detail = "Add another way to sign in first: without this one you could not come back."


class Resync(KibitzError):
    status = 410
    code = "resync"
    default_detail = "The events after that number are gone; take a new snapshot."


class TooLarge(KibitzError):
    status = 413
    code = "too_large"
    default_detail = "The request's body is too large."


class IdempotencyKeyReused(KibitzError):
    status = 422
    code = "idempotency_key_reused"
    default_detail = "This Idempotency-Key was used for a different comment."


class Throttled(KibitzError):
    status = 429
    code = "throttled"
    default_detail = "Too fast."

    def __init__(self, retry_after_seconds: int) -> None:
        self.retry_after_seconds = max(1, retry_after_seconds)
        super().__init__(f"{self.default_detail} Try again in {self.retry_after_seconds} s.")


class SlowMode(Throttled):
    code = "slow_mode"
    default_detail = "This thread is in slow mode."


class Unavailable(KibitzError):
    status = 503
    code = "unavailable"
    default_detail = "A part of the server is not there right now. Try again."
    retry_after_seconds: ClassVar[int] = 2


class QueueFull(Unavailable):
    code = "queue_full"
    default_detail = "Too much waits to be shown to readers. Nothing was changed; try again in a moment."
    retry_after_seconds = 5
