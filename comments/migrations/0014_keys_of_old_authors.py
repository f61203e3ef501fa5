from typing import Final

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

BATCH_IDS: Final = 20_000

# One of the 32 characters, as often as it stands there: a column's default would be the same for all rows.
_CHARACTER: Final = {
    "postgresql": "substr('abcdefghijklmnopqrstuvwxyz234567', 1 + floor(random() * 32)::int, 1)",
    "sqlite": "substr('abcdefghijklmnopqrstuvwxyz234567', 1 + (random() & 31), 1)",
}
_AUTHORS: Final = """
UPDATE comments_author SET public_key = {key} WHERE id > %s AND id <= %s AND public_key = ''
"""
_POSTS: Final = """
UPDATE comments_post SET author_key = (
    SELECT public_key FROM comments_author author WHERE author.id = comments_post.author_id
)
WHERE id > %s AND id <= %s AND author_id IS NOT NULL AND author_key = ''
"""


def give_keys(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    key = " || ".join([_CHARACTER[schema_editor.connection.vendor]] * 12)
    for table, statement in (("comments_author", _AUTHORS.format(key=key)), ("comments_post", _POSTS)):
        with schema_editor.connection.cursor() as cursor:
            cursor.execute(f"SELECT coalesce(max(id), 0) FROM {table}")  # noqa: S608  names of our own
            last = cursor.fetchone()[0]
            for after in range(0, last, BATCH_IDS):
                cursor.execute(statement, [after, after + BATCH_IDS])


class Migration(migrations.Migration):
    """A step at a time, each of its own: writers wait for none of it, and what was interrupted goes on."""

    atomic = False

    dependencies = [
        ("comments", "0013_author_keys"),
    ]

    operations = [
        migrations.RunPython(give_keys, migrations.RunPython.noop, elidable=True),
    ]
