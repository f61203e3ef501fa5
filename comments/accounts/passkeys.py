"""Logging in by a passkey alone: each challenge that a stranger asks for leaves a session behind."""

from allauth.decorators import rate_limit
from allauth.mfa.webauthn.views import login_webauthn

log_in = rate_limit(action="passkey", limit_get=True)(login_webauthn)
