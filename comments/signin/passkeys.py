"""Readers' passkeys: one of them is somebody on every site of this Kibitz. WebAuthn by the `fido2` library.

It is imported in functions: with its list of public suffixes and `cryptography` it would take 12 MB of
processes that may never see a passkey.
"""

import json
from collections.abc import Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from secrets import token_bytes
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction

from comments.identity.members import NAME_MAX_CHARS, Profile
from comments.identity.models import Author, Identity
from comments.markup.plain import one_line
from comments.signin.models import Passkey

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fido2.server import Fido2Server

ANSWER_MAX_CHARS: Final = 20_000  # an attestation with certificates has 5,000; ours asks for none
HANDLE_BYTES: Final = 64
UNUSED_LIFETIME: Final = timedelta(days=1)


class PasskeyRefused(Exception):
    """The popup's page says it in words."""


class PasskeyUnknown(PasskeyRefused):
    pass


def ceremonies(
    origin: str, owner: Author | None = None
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """What the browser gets to use a passkey and to create one, and what the session keeps meanwhile. A
    device that has one of the `owner` creates no second one."""
    from fido2.utils import websafe_decode, websafe_encode
    from fido2.webauthn import (
        PublicKeyCredentialDescriptor,
        PublicKeyCredentialType,
        PublicKeyCredentialUserEntity,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    server, handle = _server(origin), token_bytes(HANDLE_BYTES)
    asked, state = server.authenticate_begin(user_verification=UserVerificationRequirement.PREFERRED)
    offered, new_state = server.register_begin(
        PublicKeyCredentialUserEntity(id=handle, name="-", display_name="-"),  # the page puts in the reader's
        [
            PublicKeyCredentialDescriptor(type=PublicKeyCredentialType.PUBLIC_KEY, id=websafe_decode(each))
            for each in _credentials_of(owner)
        ],
        resident_key_requirement=ResidentKeyRequirement.REQUIRED,
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    kept = {
        "use": state["challenge"],
        "create": new_state["challenge"],
        "handle": websafe_encode(handle),
    }
    return dict(asked)["publicKey"], dict(offered)["publicKey"], kept


def come_back(origin: str, kept: Mapping[str, str], answer: str, name: str, *, now: datetime) -> Profile:
    """Whose passkey has answered; it is kept where it is new. `kept` is good once, which is the caller's to
    see to. Raises PasskeyRefused."""
    if len(answer) > ANSWER_MAX_CHARS:
        raise PasskeyRefused()
    try:
        said = json.loads(answer)
        is_new = "attestationObject" in said["response"]
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        raise PasskeyRefused() from error
    passkey = _created(origin, kept, said, name, now) if is_new else _used(origin, kept, said, now)
    return Profile(provider=Identity.PASSKEY, subject=passkey.handle, name=passkey.name)


def keep(profile: Profile) -> None:
    """Somebody comes in by this passkey, if it is one, from now on."""
    if profile.provider == Identity.PASSKEY:
        Passkey.objects.filter(handle=profile.subject, expires__isnull=False).update(expires=None)


def _credentials_of(owner: Author | None) -> list[str]:
    if owner is None:
        return []
    handles = owner.identities.filter(provider=Identity.PASSKEY).values_list("subject", flat=True)
    return list(Passkey.objects.filter(handle__in=list(handles)).values_list("credential_id", flat=True))


def _created(origin: str, kept: Mapping[str, str], said: Any, name: str, now: datetime) -> Passkey:
    from fido2.utils import websafe_encode

    with _refusing():
        auth_data = _server(origin).register_complete(_state(kept["create"]), said)
        credential = auth_data.credential_data
        assert credential is not None
    passkey = Passkey(
        handle=kept["handle"],
        credential_id=websafe_encode(credential.credential_id),
        credential=websafe_encode(bytes(credential)),
        sign_count=auth_data.counter,
        name=one_line(name)[:NAME_MAX_CHARS],
        created=now,
        used=now,
        expires=now + UNUSED_LIFETIME,
    )
    try:
        with transaction.atomic():
            passkey.save(force_insert=True)
    except IntegrityError as error:  # somebody else's id
        raise PasskeyRefused() from error
    return passkey


def _used(origin: str, kept: Mapping[str, str], said: Any, now: datetime) -> Passkey:
    from fido2.utils import websafe_decode, websafe_encode
    from fido2.webauthn import AttestedCredentialData, AuthenticationResponse

    with _refusing():
        response = AuthenticationResponse.from_dict(said)
        credential_id = websafe_encode(response.raw_id)
        counter = response.response.authenticator_data.counter
        told = response.response.user_handle
    passkey = Passkey.objects.filter(credential_id=credential_id).first()
    if passkey is None:
        raise PasskeyUnknown()
    with _refusing():
        known = AttestedCredentialData(websafe_decode(passkey.credential))
        _server(origin).authenticate_complete(_state(kept["use"]), [known], said)
        if told is not None and websafe_encode(told) != passkey.handle:
            raise ValueError("another's handle")
    # A counter that does not grow is a copy's, unless the passkey does not count at all.
    if (counter or passkey.sign_count) and counter <= passkey.sign_count:
        raise PasskeyRefused()
    as_read = Passkey.objects.filter(pk=passkey.pk, sign_count=passkey.sign_count)
    if not as_read.update(sign_count=counter, used=now):
        raise PasskeyRefused()  # both at once: one is a copy's
    return passkey


def _server(origin: str) -> "Fido2Server":
    """Good for our own host, and for pages of exactly our origin."""
    from fido2.server import Fido2Server
    from fido2.webauthn import AttestationConveyancePreference, PublicKeyCredentialRpEntity

    host = urlsplit(origin).hostname or ""
    return Fido2Server(
        PublicKeyCredentialRpEntity(id=host, name=host),
        attestation=AttestationConveyancePreference.NONE,
        verify_origin=lambda said: said == origin,
    )


def _state(challenge: str) -> dict[str, Any]:
    return {"challenge": challenge, "user_verification": "preferred"}


@contextmanager
def _refusing() -> "Iterator[None]":
    """What the library finds wrong, and what breaks it, are one."""
    try:
        yield
    except Exception as error:  # it parses a stranger's CBOR, keys and signatures
        raise PasskeyRefused() from error
