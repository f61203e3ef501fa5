"""Kibitz's own settings, with one address more (urls.py)."""

from comments.settings import *  # noqa: F403  all of them, as they are

ROOT_URLCONF = "tests.secure.urls"
