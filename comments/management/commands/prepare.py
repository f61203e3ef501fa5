"""What a start needs before anything serves: tables, the demo, somebody who can log in."""

import json
import secrets
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.utils import timezone

from comments import env
from comments.checks import ENVIRONMENT
from comments.demo.seeds import demo_site, seed

ADMIN = "admin"


class Command(BaseCommand):
    help = "Migrate, fill the demo, make the first admin; the last line is JSON that says where they are."

    requires_system_checks = [ENVIRONMENT]  # all of them would import the whole API and double the start

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0, skip_checks=True)
        port = env.env_int("PORT", 8000, minimum=1)
        base_url = env.env_str("KIBITZ_PUBLIC_URL").rstrip("/") or f"http://127.0.0.1:{port}"
        site = demo_site([base_url, f"http://127.0.0.1:{port}", f"http://localhost:{port}"])
        seed(site, base_url, now=timezone.now())
        answer = {"demo": f"{base_url}/demo/", "admin": f"{base_url}/admin/", "password": _first_password()}
        self.stdout.write(json.dumps(answer))


def _first_password() -> str | None:
    """Makes the first superuser; None where there is one."""
    users = get_user_model().objects
    if users.filter(is_superuser=True).exists():
        return None
    password = secrets.token_urlsafe(12)
    users.create_superuser(ADMIN, password=password)
    return password
