from django.db import migrations, models

from comments.identity.models import new_public_key


class Migration(migrations.Migration):
    """Authors have a public key, and posts that of their author. Old rows get theirs in the next one: there in
    small steps, while this one holds both tables for a moment."""

    dependencies = [
        ("comments", "0012_thread_to_close"),
    ]

    operations = [
        migrations.AddField(
            model_name="author",
            name="public_key",
            field=models.CharField(db_default="", default=new_public_key, editable=False, max_length=12),
        ),
        migrations.AddField(
            model_name="post",
            name="author_key",
            field=models.CharField(db_default="", default="", editable=False, max_length=12),
        ),
    ]
