from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("comments", "0020_handoffs_that_add"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="mail",
            index=models.Index(condition=models.Q(("state", "failed")), fields=["tries"], name="mail_failed"),
        ),
    ]
