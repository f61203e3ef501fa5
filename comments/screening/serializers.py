"""The shape of a challenge, for the OpenAPI schema; altcha makes it."""

from typing import Any

from rest_framework import serializers


class ChallengeParametersSerializer(serializers.Serializer[Any]):
    """PBKDF2 of `nonce` and a counter (4 bytes, big-endian) with `salt` and `cost` iterations, in the
    algorithm's hash, gives `keyLength` bytes; the counter is wanted with which they begin with `keyPrefix`.
    Counting from 0 finds it. All bytes in hexadecimal, `expiresAt` in seconds since 1970."""

    algorithm = serializers.CharField()
    nonce = serializers.CharField()
    salt = serializers.CharField()
    cost = serializers.IntegerField()
    keyLength = serializers.IntegerField()  # noqa: N815  altcha's names
    keyPrefix = serializers.CharField()  # noqa: N815
    keySignature = serializers.CharField()  # noqa: N815
    expiresAt = serializers.IntegerField()  # noqa: N815

    def get_fields(self) -> dict[str, Any]:
        # `data` is an attribute of every serializer, so a field of that name cannot be declared.
        of_whom = serializers.DictField(child=serializers.CharField(), help_text="The site that it is for.")
        return {**super().get_fields(), "data": of_whom}


class ChallengeSerializer(serializers.Serializer[Any]):
    """A solution is the base64 of the JSON `{"challenge": <this, whole>, "solution": {"counter": 123,
    "derivedKey": "<hexadecimal>"}}`."""

    parameters = ChallengeParametersSerializer()
    signature = serializers.CharField()
