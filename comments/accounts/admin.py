"""Accounts in Django admin: a superuser helps who lost their second factor."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest

from comments.accounts.second_factor import remove_second_factor
from comments.sites.scoped_admin import gesture_of, of_whom


class AccountAdmin(UserAdmin):  # type: ignore[type-arg]
    actions = ("remove_factor",)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Not for who may only edit accounts: whoever has no second factor needs the password alone."""
        actions: dict[str, Any] = super().get_actions(request)
        if not (request.user.is_active and request.user.is_superuser):
            actions.pop("remove_factor", None)
        return actions

    @admin.action(description="Remove the second factor of somebody who lost it")
    def remove_factor(self, request: HttpRequest, users: QuerySet[User]) -> None:
        gesture = gesture_of(request)
        others = users.exclude(pk=of_whom(request).pk)
        if len(others) < len(users):
            self.message_user(request, "Your own is under Security.", messages.WARNING)
        for user in others:
            if remove_second_factor(user, gesture):
                self.log_change(request, user, "Removed the second factor.")
                self.message_user(request, f"Removed the second factor of {user}, and ended their sessions.")
            else:
                self.message_user(request, f"{user} has no second factor.", messages.WARNING)
