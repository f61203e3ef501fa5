from django.db import migrations, models
from django.db.models.deletion import CASCADE, PROTECT

FROM_THE_THREAD = """
UPDATE comments_post SET site_id = (
    SELECT thread.site_id FROM comments_thread thread WHERE thread.id = comments_post.thread_id
)
"""


def site(*, null: bool) -> "models.ForeignKey[models.Model, models.Model]":
    return models.ForeignKey(
        db_constraint=False,
        db_index=False,
        null=null,
        on_delete=CASCADE,
        related_name="+",
        to="comments.site",
    )


class Migration(migrations.Migration):
    """Each post knows its site. The index for that takes the place of two that others begin with, so that a
    post writes no more than before."""

    dependencies = [
        ("comments", "0005_site_texts_and_stylesheet"),
    ]

    operations = [
        migrations.AddField(model_name="post", name="site", field=site(null=True)),
        migrations.RunSQL(FROM_THE_THREAD, migrations.RunSQL.noop),
        migrations.AlterField(model_name="post", name="site", field=site(null=False)),
        migrations.AlterField(
            model_name="post",
            name="thread",
            field=models.ForeignKey(
                db_index=False, on_delete=CASCADE, related_name="all_posts", to="comments.thread"
            ),
        ),
        migrations.AlterField(
            model_name="post",
            name="root",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=PROTECT,
                related_name="branch",
                to="comments.post",
            ),
        ),
        migrations.AddIndex(
            model_name="post",
            index=models.Index(
                condition=models.Q(("is_listed", True), ("status", "published")),
                fields=["site", "created", "id"],
                name="post_of_site",
            ),
        ),
    ]
