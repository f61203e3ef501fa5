import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("comments", "0019_staff_accounts"),
    ]

    operations = [
        migrations.AddField(
            model_name="handoff",
            name="session",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="comments.session",
            ),
        ),
    ]
