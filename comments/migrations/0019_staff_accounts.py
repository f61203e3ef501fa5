import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("comments", "0018_pictures"),
    ]

    operations = [
        migrations.CreateModel(
            name="CacheEntry",
            fields=[
                ("cache_key", models.CharField(max_length=255, primary_key=True, serialize=False)),
                ("value", models.TextField()),
                ("expires", models.DateTimeField(db_index=True)),
            ],
            options={
                "verbose_name_plural": "cache entries",
            },
        ),
        migrations.AlterField(
            model_name="action",
            name="kind",
            field=models.CharField(
                choices=[
                    ("approve", "Approve"),
                    ("reject", "Reject"),
                    ("spam", "Spam"),
                    ("delete", "Delete"),
                    ("edit", "Edit"),
                    ("undo", "Undo"),
                    ("ban", "Ban"),
                    ("unban", "Unban"),
                    ("shadow", "shadow ban"),
                    ("trust", "Trust"),
                    ("note", "Note"),
                    ("sign_out", "signed out everywhere"),
                    ("picture", "picture taken away"),
                    ("pin", "Pin"),
                    ("unpin", "Unpin"),
                    ("feature", "Feature"),
                    ("unfeature", "Unfeature"),
                    ("reply", "Reply"),
                    ("thread", "thread settings"),
                    ("site", "site settings"),
                    ("team", "Team"),
                    ("factor", "second factor"),
                ],
                max_length=9,
            ),
        ),
        migrations.AlterField(
            model_name="action",
            name="site",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="actions",
                to="comments.site",
            ),
        ),
    ]
