import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("comments", "0021_mail_failed"),
    ]

    operations = [
        migrations.AddField(
            model_name="emailcode",
            name="session",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="comments.session",
            ),
        ),
    ]
