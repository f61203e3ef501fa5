"""The applications of others that staff's accounts are made of, put together as Kibitz needs them."""

from allauth.account.apps import AccountConfig as AllauthConfig
from django.contrib.admin.apps import AdminConfig as DjangoConfig


class AdminConfig(DjangoConfig):
    default_site = "comments.accounts.staff_site.StaffSite"


class AccountConfig(AllauthConfig):  # type: ignore[misc]  # allauth has no types
    default = False

    def ready(self) -> None:
        """Without the demand for allauth's middleware, which would cost every request something: its pages
        are wrapped in it one by one (accounts.pages)."""
        from allauth.account import checks  # noqa: F401  registers them
