from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("comments", "0021_mail_failed"),
    ]

    operations = [
        migrations.AddField(
            model_name="passkey",
            name="expires",
            field=models.DateTimeField(db_index=True, null=True),
        ),
    ]
