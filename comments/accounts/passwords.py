"""A password for an account that has none, and so came in by passkey."""

from allauth.account.decorators import reauthentication_required
from allauth.account.views import password_set

set_first = reauthentication_required(password_set)
