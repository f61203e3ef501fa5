"""Where no mail server is set: mail is printed, and kept as files for mail programs to open."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import uuid4

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

FILES_MAX: Final = 200


class Backend(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        folder = Path(settings.STATE_DIR) / "mail"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for message in email_messages:
            # Sorted by name they are sorted by time.
            path = folder / f"{datetime.now(UTC):%Y-%m-%dT%H%M%S.%f}-{uuid4().hex[:6]}.eml"
            path.touch(mode=0o600)
            path.write_bytes(message.message().as_bytes())
            said = f"mail to {', '.join(message.to)}: {message.subject}\n\n{message.body}\n({path})\n"
            sys.stdout.write(said)
            sys.stdout.flush()
        for path in sorted(folder.glob("*.eml"))[:-FILES_MAX]:
            path.unlink(missing_ok=True)
        return len(email_messages)
