"""Django's settings, all from the environment (see env.py)."""

import sys
from typing import Any

import dj_database_url

from comments import cells, env
from comments.mail.server import DEVELOPMENT, mail_settings

BASE_DIR = env.BASE_DIR
STATE_DIR = env.state_dir()

SECRET_KEY = env.secret_key()
DEBUG = env.env_bool("KIBITZ_DEBUG", default=False)
# The Host header decides only what the bootstrap's addresses say, so any host may ask by default.
ALLOWED_HOSTS = env.env_list("KIBITZ_ALLOWED_HOSTS") or ["*"]
PUBLIC_URL = env.env_str("KIBITZ_PUBLIC_URL").rstrip("/")
PUSH_SECRET = cells.push_secret()

INSTALLED_APPS = [
    "comments.accounts.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "comments.accounts.apps.AccountConfig",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.usersessions",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "comments",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "comments.accounts.cookies.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "comments.accounts.cookies.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "comments.urls"
WSGI_APPLICATION = "comments.wsgi.application"
ASGI_APPLICATION = "realtime.asgi.application"

_WITH_TEMPLATES = ("accounts", "pages", "demo", "monitoring", "screening", "moderation", "mail", "signin")
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "comments" / slice_ / "templates" for slice_ in _WITH_TEMPLATES],
        "APP_DIRS": True,
        "OPTIONS": {
            "libraries": {"monitoring": "comments.monitoring.access"},
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "comments.moderation.queue_page.for_templates",
            ],
        },
    }
]


def _database() -> dict[str, Any]:
    config: dict[str, Any] = dict(
        dj_database_url.parse(env.env_str("DATABASE_URL", f"sqlite:///{STATE_DIR / 'kibitz.sqlite3'}"))
    )
    if config["ENGINE"].endswith("sqlite3"):
        config["OPTIONS"] = {
            # A transaction that reads first and writes later would fail with "database is locked" under WAL
            # when another wrote in between; one that begins as a writer waits its turn instead.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            # FULL: a post answered 201 survives a power cut, not only a killed process.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-16000;",
        }
    else:
        # Values go apart from the statement, so that one that comes again can be prepared (events.rows). The
        # ORM's are not: PostgreSQL would keep one plan of each for all threads, and page through a thread of
        # 100,000 posts as through one of ten, which took 80 ms.
        config["OPTIONS"] = {"server_side_binding": True, "prepare_threshold": sys.maxsize}
        if env.env_bool("KIBITZ_DATABASE_POOL", default=True):
            # Requests run in threads that come and go; a pool keeps the connections, and bounds them.
            config["OPTIONS"]["pool"] = {"min_size": 1, "max_size": 20, "timeout": 10}
            config["CONN_MAX_AGE"] = 0
        else:
            # A server whose threads stay: each keeps its connection, which takes a tenth less time a request.
            config["CONN_MAX_AGE"] = None
    return config


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# Staff's accounts: django-allauth, as comments/accounts puts it together.
AUTHENTICATION_BACKENDS = ["comments.accounts.backends.StaffBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "admin:index"
ACCOUNT_ADAPTER = "comments.accounts.adapter.AccountAdapter"
ACCOUNT_SIGNUP_ENABLED = False
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # no mail to whatever address somebody types
ACCOUNT_SESSION_REMEMBER = True  # two weeks, as Django's admin does; the list of sessions ends one
ACCOUNT_REAUTHENTICATION_METHODS = ("password", "mfa")
ACCOUNT_FORMS = {"login": "comments.accounts.forms.LoginForm"}
ACCOUNT_RATE_LIMITS = {
    # Wrong passwords and wrong codes: of one address, and of one account from wherever.
    "login_failed": "10/m/ip,60/h/ip,5/5m/key,20/h/key",
    "reset_password": "5/m/ip,30/h/ip,3/h/key",
    "reset_password_from_key": "10/m/ip",
    "passkey": "40/m/ip,240/h/ip",  # two for each login
}
MFA_ADAPTER = "comments.accounts.adapter.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True  # addresses are written down by superusers, and verified by nobody
MFA_TOTP_ISSUER = "Kibitz"
MFA_TOTP_TOLERANCE = 1  # a phone's clock that is half a minute off
MFA_FORMS = {
    "add_webauthn": "comments.accounts.forms.AddPasskeyForm",
    "authenticate_webauthn": "comments.accounts.forms.AuthenticatePasskeyForm",
    "login_webauthn": "comments.accounts.forms.LoginPasskeyForm",
    "reauthenticate_webauthn": "comments.accounts.forms.ReauthenticatePasskeyForm",
}
CACHES = {
    "default": {
        # Counts of failed logins and nothing else: see accounts.models.
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "comments_cacheentry",
        "OPTIONS": {"MAX_ENTRIES": 100_000},  # few would let a flood of names push an account's count out
    }
}

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
STATICFILES_DIRS = [
    BASE_DIR / "comments" / slice_ / "static"
    for slice_ in ("accounts", "monitoring", "screening", "moderation", "signin")
]
# Without a web server in front the files are served where they lie, so nothing needs collecting.
STATIC_ROOT = env.env_str("KIBITZ_STATIC_ROOT") or None
WHITENOISE_USE_FINDERS = True

# Readers' popups (comments/signin): a provider says who came back, and no account is made of it.
SOCIALACCOUNT_ADAPTER = "comments.signin.social_adapter.SocialAdapter"
SOCIALACCOUNT_QUERY_EMAIL = True
SOCIALACCOUNT_REQUESTS_TIMEOUT = 5  # seconds, for each of the three calls that a sign-in may take

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
X_FRAME_OPTIONS = "DENY"

try:
    globals().update(mail_settings())  # EMAIL_… and DEFAULT_FROM_EMAIL
except ValueError:
    EMAIL_BACKEND = DEVELOPMENT  # comments.checks says what is wrong

API_BODY_MAX_BYTES = 256 * 1024  # ten times what the longest post needs, escaped as JSON
# A site's rules may be two lists of 100,000 words. Every other address has the servers' own limits in front,
# which are the API's (nginx/front.conf, realtime/requests.py).
RULES_BODY_MAX_BYTES = 6 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = RULES_BODY_MAX_BYTES

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "comments.identity.authentication.AuthorTokenAuthentication",
        "comments.accounts.authentication.MemberAuthentication",
        "comments.accounts.authentication.StaffAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_PARSER_CLASSES": ["comments.rest.parsers.BoundedJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "comments.rest.problems.api_exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Kibitz",
    "DESCRIPTION": (
        "Realtime comments. Unsafe methods need the header `X-Kibitz: 1`. Errors have the shape "
        "`{code, detail, fields}`. Live updates: `/live/{key}`, by WebSocket or EventSource."
    ),
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "COMPONENT_SPLIT_PATCH": False,  # the text of an edit is not optional
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        # Every 4xx would be a line; a server error still is one.
        "django.request": {"level": "ERROR"},
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "fido2": {"level": "WARNING"},  # else which passkey was used, each time
    },
}
