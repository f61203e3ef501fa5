"""SQL for what is done for every post: composed once for a model, and not again for each row, which takes
longer than running it."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Field, Model
from django.db.models.expressions import Col

Row = TypeVar("Row", bound=Model)


def insert(row: Model) -> None:
    """What `row.save(force_insert=True)` does, for a model with one table and a key that the database makes;
    fields with `auto_now_add` included. Raises IntegrityError."""
    statement, fields = _statement(type(row))
    values = [field.get_db_prep_save(field.pre_save(row, add=True), connection) for field in fields]
    row.pk = execute(statement, values)[0]
    row._state.adding = False
    row._state.db = connection.alias


def fetch(model: type[Row], statement: str, values: Sequence[Any]) -> Row | None:
    """The first row that a statement over `columns_of(model)` gives: `model.objects.raw` in less time."""
    found = execute(statement, values)
    if found is None:
        return None
    names, converters = _reading(model, connection.vendor)
    row = list(found)
    for index, convert, column in converters:
        row[index] = convert(row[index], column, connection)
    return model.from_db(connection.alias, names, row)


def execute(statement: str, values: Sequence[Any] | Mapping[str, Any]) -> Any:
    """The first row of a statement's answer, as a tuple, or None; what Django's cursor raises.

    PostgreSQL prepares it, and in time keeps one plan for all values: only for statements of which one plan
    suits every thread. The ORM's are planned anew each time (settings).
    """
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            cursor.execute(statement, values)
            return cursor.fetchone()
        with connection.wrap_database_errors:
            cursor.cursor.execute(statement, values, prepare=True)
            return cursor.cursor.fetchone()


def leave_out_ids(model: type[Model], count: int) -> None:
    """The next `count` ids of the model's table are given to no row."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT setval(sequence, nextval(sequence) + %s) "
                "FROM (SELECT pg_get_serial_sequence(%s, 'id')::regclass AS sequence) AS found",
                [count, table],
            )
        else:  # a table that never had a row is not in there, and has lost none
            cursor.execute("UPDATE sqlite_sequence SET seq = seq + %s WHERE name = %s", [count, table])


@cache
def columns_of(model: type[Model], alias: str = "") -> str:
    """The model's columns, for `fetch`. Named, for a prepared statement with `*` fails from the migration
    that adds a column until the server is restarted."""
    names = [_column(field) for field in model._meta.concrete_fields]
    return ", ".join(f"{alias}.{name}" if alias else name for name in names)


@cache
def _reading(model: type[Model], vendor: str) -> tuple[list[str], list[tuple[int, Callable[..., Any], Col]]]:
    """The fields' names, and what turns a database's value into Python's, by place."""
    fields = model._meta.concrete_fields
    converters = []
    for index, field in enumerate(fields):
        column = Col(model._meta.db_table, field)
        both = [*connection.ops.get_db_converters(column), *field.get_db_converters(connection)]
        converters += [(index, convert, column) for convert in both]
    return [field.attname for field in fields], converters


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
