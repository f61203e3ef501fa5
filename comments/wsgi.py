"""The WSGI entry."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from comments.env import env_bool
from comments.rest.forwarded import behind_front

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "comments.settings")
_django = get_wsgi_application()
_ = get_resolver().url_patterns  # imports every view now, once for all workers, and not in the first request
gc.collect()
gc.freeze()  # what is loaded stays: no collection need look through it again
application = behind_front(_django) if env_bool("KIBITZ_BEHIND_PROXY", default=False) else _django
