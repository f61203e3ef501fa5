from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("comments", "0003_site_rates"),
    ]

    operations = [
        migrations.AddField(
            model_name="site",
            name="is_indexed",
            field=models.BooleanField(
                default=True,
                help_text="They name the site's own page as the one to show.",
                verbose_name="search engines may index the pages without JavaScript",
            ),
        ),
        migrations.AddIndex(
            model_name="post",
            index=models.Index(fields=["thread", "created", "id"], name="post_created"),
        ),
    ]
