"""What a frame sends to take over what its popup has finished."""

from typing import Any

from rest_framework import serializers

from comments.rest.serializers import ProblemSerializer, StrictSerializer


class HandoffSerializer(StrictSerializer):
    """The verifier whose challenge the popup was opened with, and either what the popup said (`code`) or what
    it showed (`digits`)."""

    verifier = serializers.RegexField(r"^[A-Za-z0-9._~-]{43,128}\Z", max_length=128)
    code = serializers.RegexField(r"^[A-Za-z0-9_-]{43}\Z", max_length=43, required=False)
    digits = serializers.RegexField(r"^[0-9]{6}\Z", max_length=6, required=False)
    lang = serializers.CharField(
        max_length=35, required=False, help_text="The reader's language, for a mail that may have to be sent."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("code" in attrs) == ("digits" in attrs):
            raise serializers.ValidationError({"code": ["Either the code or the digits are needed."]})
        return attrs


class ProofSentSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    email = serializers.CharField(help_text="As much of it as its owner needs to know it.")


class EmailProofSerializer(ProblemSerializer):
    """The address that the provider says is another member's: the code that was sent there joins the two."""

    email_code = ProofSentSerializer()
