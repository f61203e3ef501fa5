"""What frames send to sign in, validated, and the shapes of the answers for the OpenAPI schema."""

from typing import Any

from rest_framework import serializers

from comments.rest.serializers import StrictSerializer

NAME_MAX_CHARS = 64


class TicketSerializer(StrictSerializer):
    """From the answer to a sign-in; good for a minute, once."""

    ticket = serializers.CharField(max_length=500)


class EndQuery(serializers.Serializer[Any]):
    everywhere = serializers.ChoiceField(
        choices=["1"], required=False, help_text="In every other browser, too."
    )


class OwnAuthorSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    name = serializers.CharField()
    avatar = serializers.CharField()
    badge = serializers.CharField()
    email = serializers.CharField(help_text='Proved; else "".')
    provider = serializers.CharField(help_text='How they came in; "" is by e-mail.')


class ProviderSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()


class SsoSerializer(serializers.Serializer[Any]):
    url = serializers.CharField(help_text='The site\'s own sign-in page; "" where it has none.')


class WaysSerializer(serializers.Serializer[Any]):
    guests = serializers.BooleanField()
    guest_email = serializers.ChoiceField(choices=["off", "optional", "required"])
    codes = serializers.BooleanField()
    passkeys = serializers.BooleanField()
    providers = ProviderSerializer(many=True)
    sso = SsoSerializer(allow_null=True)


class SessionSerializer(serializers.Serializer[Any]):
    """Who is signed in on a site, and how one may."""

    author = OwnAuthorSerializer(allow_null=True)
    ways = WaysSerializer()
    ticket = serializers.CharField(
        help_text='After a sign-in: what a frame whose cookie does not come back gives for a token; else "".'
    )
