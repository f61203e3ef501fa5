from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("comments", "0022_email_codes_that_add"),
    ]

    operations = [
        migrations.AddField(
            model_name="passkey",
            name="expires",
            field=models.DateTimeField(db_index=True, null=True),
        ),
    ]
