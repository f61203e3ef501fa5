"""The ASGI entry: live connections here, everything else in Django."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "comments.settings")
_django = get_asgi_application()  # before the imports below: it sets Django up

from realtime.hub import process_hub  # noqa: E402
from realtime.routing import live_application  # noqa: E402
from realtime.turnstile import Turnstile  # noqa: E402

application = live_application(process_hub, Turnstile(_django))
