"""A site with accounts of its own: a small Django project that signs its readers in to Kibitz by the template
tag of embed/sso/django, or by a function of the page, `/by-function/`.

`python tests/e2e/sso_site.py ADDRESS DATABASE KIBITZ KEY SITE` prints its origin. With three arguments more,
its own host, a certificate and that one's key, it speaks https.
"""

import ssl
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

BY_ATTRIBUTE = (
    '{% kibitz_comments site=settings.KIBITZ_SITE page_id="article" user=request.user loading="eager" %}'
)
BY_FUNCTION = """<script>window.kibitzToken = async () => (await fetch("/token/")).text()</script>
{% kibitz_comments site=settings.KIBITZ_SITE page_id="article" loading="eager" %}"""
PAGE = """{% load kibitz %}<!doctype html><html lang="en"><title>Article</title>
<link rel="icon" href="data:,">
<p id="who">{{ request.user }}</p>
<form method="post" action="/login/">{% csrf_token %}<input name="name"><button>Log in</button></form>
<form method="post" action="/logout/">{% csrf_token %}<button>Log out</button></form>
"""


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class's name
        pass  # not on a test's output


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


def article(request: HttpRequest, comments: str) -> HttpResponse:
    return HttpResponse(
        engines["django"].from_string(PAGE + comments).render({"settings": settings}, request)
    )


def token(request: HttpRequest) -> HttpResponse:
    """What the page's function is answered: nothing where nobody is logged in."""
    # on the path since `serve`
    from kibitz_sso.templatetags.kibitz import kibitz_token  # type: ignore[import-not-found]

    if not request.user.is_authenticated:
        return HttpResponse("")
    origin = request.build_absolute_uri("/")[:-1]
    site = settings.KIBITZ_SITE  # type: ignore[misc]  # this project's own
    return HttpResponse(kibitz_token(request.user, site=site, issuer=origin))


def log_in(request: HttpRequest) -> HttpResponse:
    from django.contrib.auth import get_user_model, login  # models, which need the settings below

    user, _ = get_user_model().objects.get_or_create(username=request.POST["name"])
    login(request, user)
    return HttpResponseRedirect(request.headers.get("Referer", "/"))


def log_out(request: HttpRequest) -> HttpResponse:
    from django.contrib.auth import logout

    logout(request)
    return HttpResponseRedirect(request.headers.get("Referer", "/"))


urlpatterns = [
    path("", article, {"comments": BY_ATTRIBUTE}),
    path("by-function/", article, {"comments": BY_FUNCTION}),
    path("token/", token),
    path("login/", log_in),
    path("logout/", log_out),
]


def serve(address: str, database: str, kibitz: str, key: str, site: str, *https: str) -> None:
    host = https[0] if https else address
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "embed" / "sso" / "django"))
    settings.configure(
        SECRET_KEY="of-this-site-alone",
        ALLOWED_HOSTS=[host],
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
        KIBITZ_SITE=site,
    )
    django.setup()
    call_command("migrate", verbosity=0)
    with make_server(address, 0, get_wsgi_application(), Server, Quiet) as server:
        if https:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(*https[1:])
            # in the thread of the connection, as in host_site.py
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
            server.base_environ["HTTPS"] = "on"  # so that wsgiref calls its scheme that
        print(f"http{'s' if https else ''}://{host}:{server.server_port}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    serve(*sys.argv[1:])
