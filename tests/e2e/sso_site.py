"""A site with accounts of its own: a small Django project that signs its readers in to Kibitz by the template
tag of embed/sso/django. `python tests/e2e/sso_site.py ADDRESS DATABASE KIBITZ KEY` prints its origin."""

import sys
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template import engines
from django.urls import path

PAGE = """{% load kibitz %}<!doctype html><html lang="en"><title>Article</title>
<link rel="icon" href="data:,">
<p id="who">{{ request.user }}</p>
<form method="post" action="/login/">{% csrf_token %}<input name="name"><button>Log in</button></form>
<form method="post" action="/logout/">{% csrf_token %}<button>Log out</button></form>
{% kibitz_comments site="club" page_id="article" user=request.user loading="eager" %}"""


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class's name
        pass  # not on a test's output


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


def article(request: HttpRequest) -> HttpResponse:
    return HttpResponse(engines["django"].from_string(PAGE).render({}, request))


def log_in(request: HttpRequest) -> HttpResponse:
    from django.contrib.auth import get_user_model, login  # models, which need the settings below

    user, _ = get_user_model().objects.get_or_create(username=request.POST["name"])
    login(request, user)
    return HttpResponseRedirect("/")


def log_out(request: HttpRequest) -> HttpResponse:
    from django.contrib.auth import logout

    logout(request)
    return HttpResponseRedirect("/")


urlpatterns = [path("", article), path("login/", log_in), path("logout/", log_out)]


def serve(address: str, database: str, kibitz: str, key: str) -> None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "embed" / "sso" / "django"))
    settings.configure(
        SECRET_KEY="of-this-site-alone",
        ALLOWED_HOSTS=[address],
        ROOT_URLCONF=__name__,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": database}},
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "kibitz_sso",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
            }
        ],
        KIBITZ_URL=kibitz,
        KIBITZ_SSO_KEY=key,
    )
    django.setup()
    call_command("migrate", verbosity=0)
    with make_server(address, 0, get_wsgi_application(), Server, Quiet) as server:
        print(f"http://{address}:{server.server_port}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    serve(*sys.argv[1:])
