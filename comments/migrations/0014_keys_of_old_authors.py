from typing import Final

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

BATCH_ROWS: Final = 20_000

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
        # Along the rows that there are: between their ids may be gaps of any size.
        following = f"SELECT id FROM {table} WHERE id > %s ORDER BY id LIMIT {BATCH_ROWS}"  # noqa: S608  our own
        with schema_editor.connection.cursor() as cursor:
            after = 0
            while True:
                cursor.execute(f"SELECT max(id) FROM ({following}) AS batch", [after])  # noqa: S608  our own
                last = cursor.fetchone()[0]
                if last is None:
                    break
                cursor.execute(statement, [after, last])
                after = last


class Migration(migrations.Migration):
    """A step at a time, each of its own: writers wait for none of it, and what was interrupted goes on."""

    atomic = False

    dependencies = [
        ("comments", "0013_author_keys"),
    ]

    operations = [
        migrations.RunPython(give_keys, migrations.RunPython.noop, elidable=True),
    ]
