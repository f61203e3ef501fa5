"""What every API's input shares."""

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers

from comments.errors import UnknownField


def validated(serializer: "serializers.Serializer[Any]", data: Any) -> dict[str, Any]:
    """What the serializer makes of the data; raises ValidationError. One serializer serves all requests: it
    keeps nothing of what it validates, and copying its fields for each would take longer than the work."""
    return dict(serializer.run_validation(data))


class StrictSerializer(serializers.Serializer[Any]):
    """Input that names every field it takes; raises UnknownField for another one."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            unknown = sorted(_shown(name) for name in data.keys() - self.fields.keys())
            if unknown:
                raise UnknownField(fields={name: ["There is no such field."] for name in unknown})
            wrong = {
                name: [message]
                for name, value in data.items()
                if value is not None and (message := _wrong_type(self.fields[name], value))
            }
            if wrong:
                raise serializers.ValidationError(wrong)
        return super().to_internal_value(data)


def _wrong_type(field: Any, value: Any) -> str:
    # DRF takes 12 for a text and "12" for a number, and writes out any nested value to do so, which a deep
    # one turns into a RecursionError.
    if isinstance(field, serializers.CharField) and type(value) is not str:
        return "Not a string."
    if isinstance(field, serializers.IntegerField) and type(value) is not int:
        return "Not an integer."
    if isinstance(field, serializers.ChoiceField) and type(value) not in map(type, field.choices):
        return "Not one of the choices."
    return ""


def _shown(name: str) -> str:
    """The name as an answer can hold it: short, and without lone surrogates."""
    return name[:64].encode(errors="replace").decode()


class StrictSchema(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Says in the schema that no other field is taken."""

    target_class = StrictSerializer
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        schema: dict[str, Any] = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        return {**schema, "additionalProperties": False}


class ProblemSerializer(serializers.Serializer[Any]):
    """The shape of every error."""

    code = serializers.CharField()
    detail = serializers.CharField()

    def get_fields(self) -> dict[str, Any]:
        # `fields` is an attribute of every serializer, so a field of that name cannot be declared.
        by_field = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))
        codes = serializers.DictField(
            child=serializers.ListField(child=serializers.CharField()),
            required=False,
            help_text="Where fields are at fault, what is wrong with each: `blank`, `max_length`, ...",
        )
        return {**super().get_fields(), "fields": by_field, "field_codes": codes}


TOO_FAST = OpenApiResponse(
    ProblemSerializer,
    "`throttled`: the address, the author or the whole site acts too often. After `Retry-After` seconds "
    "there is room, if nobody else takes it. A refused call is not counted.",
)
NOT_NOW = OpenApiResponse(
    ProblemSerializer,
    "`unavailable`: a part of the server is away. `queue_full`: too much waits to be shown to readers; "
    "nothing was changed. Both to be tried again after `Retry-After` seconds.",
)
