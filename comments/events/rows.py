"""SQL for what is done for every post: composed once for a model, and not again for each row, which takes
longer than running it."""

from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Field, Model


def insert(row: Model) -> None:
    """What `row.save(force_insert=True)` does, for a model with one table and a key that the database makes;
    fields with `auto_now_add` included. Raises IntegrityError."""
    statement, fields = _statement(type(row))
    values = [field.get_db_prep_save(field.pre_save(row, add=True), connection) for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        row.pk = cursor.fetchone()[0]
    row._state.adding = False
    row._state.db = connection.alias


@cache
def columns_of(model: type[Model], alias: str = "") -> str:
    """The model's columns for `Model.objects.raw`. Named, for a prepared statement with `*` fails from the
    migration that adds a column until the server is restarted."""
    names = [_column(field) for field in model._meta.concrete_fields]
    return ", ".join(f"{alias}.{name}" if alias else name for name in names)


@cache
def _statement(model: type[Model]) -> tuple[str, list["Field[Any, Any]"]]:
    meta = model._meta
    fields = [field for field in meta.local_concrete_fields if not field.primary_key]
    return (
        f"INSERT INTO {connection.ops.quote_name(meta.db_table)} "  # noqa: S608  names of our own
        f"({', '.join(map(_column, fields))}) VALUES ({', '.join(['%s'] * len(fields))}) "
        f"RETURNING {_column(meta.pk)}",
        fields,
    )


def _column(field: "Field[Any, Any]") -> str:
    return connection.ops.quote_name(str(field.column))
