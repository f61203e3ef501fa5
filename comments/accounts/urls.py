"""The pages of staff's own accounts, below /admin/account/. What allauth has beyond these is not served:
nobody signs up, and addresses are a superuser's to change."""

from django.urls import path, re_path

from comments.accounts.pages import first_factor_page, page

ACCOUNT = "allauth.account.views."
MFA = "allauth.mfa."

urlpatterns = [
    path("login/", page(ACCOUNT + "login"), name="account_login"),
    path("logout/", page(ACCOUNT + "logout"), name="account_logout"),
    path("inactive/", page(ACCOUNT + "account_inactive"), name="account_inactive"),
    path("reauthenticate/", page(ACCOUNT + "reauthenticate"), name="account_reauthenticate"),
    path("password/change/", page(ACCOUNT + "password_change"), name="account_change_password"),
    path("password/set/", page("comments.accounts.passwords.set_first"), name="account_set_password"),
    path("password/reset/", page(ACCOUNT + "password_reset"), name="account_reset_password"),
    path("password/reset/done/", page(ACCOUNT + "password_reset_done"), name="account_reset_password_done"),
    re_path(
        # Twelve digits of base 36 are within a 64-bit column.
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]{1,12})-(?P<key>.{1,200})/$",
        page(ACCOUNT + "password_reset_from_key"),
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        page(ACCOUNT + "password_reset_from_key_done"),
        name="account_reset_password_from_key_done",
    ),
    path("2fa/", page(MFA + "base.views.index"), name="mfa_index"),
    path("2fa/authenticate/", page(MFA + "base.views.authenticate"), name="mfa_authenticate"),
    path("2fa/reauthenticate/", page(MFA + "base.views.reauthenticate"), name="mfa_reauthenticate"),
    path("2fa/app/", first_factor_page(MFA + "totp.views.activate_totp"), name="mfa_activate_totp"),
    path("2fa/app/remove/", page(MFA + "totp.views.deactivate_totp"), name="mfa_deactivate_totp"),
    path(
        "2fa/recovery-codes/",
        page(MFA + "recovery_codes.views.view_recovery_codes"),
        name="mfa_view_recovery_codes",
    ),
    path(
        "2fa/recovery-codes/generate/",
        page(MFA + "recovery_codes.views.generate_recovery_codes"),
        name="mfa_generate_recovery_codes",
    ),
    path(
        "2fa/recovery-codes/download/",
        page(MFA + "recovery_codes.views.download_recovery_codes"),
        name="mfa_download_recovery_codes",
    ),
    path("2fa/passkeys/", page(MFA + "webauthn.views.list_webauthn"), name="mfa_list_webauthn"),
    path(
        "2fa/passkeys/add/", first_factor_page(MFA + "webauthn.views.add_webauthn"), name="mfa_add_webauthn"
    ),
    path(
        "2fa/passkeys/reauthenticate/",
        page(MFA + "webauthn.views.reauthenticate_webauthn"),
        name="mfa_reauthenticate_webauthn",
    ),
    path("2fa/passkeys/login/", page("comments.accounts.passkeys.log_in"), name="mfa_login_webauthn"),
    path("2fa/passkeys/<id:pk>/edit/", page(MFA + "webauthn.views.edit_webauthn"), name="mfa_edit_webauthn"),
    path(
        "2fa/passkeys/<id:pk>/remove/",
        page(MFA + "webauthn.views.remove_webauthn"),
        name="mfa_remove_webauthn",
    ),
    path("sessions/", page("comments.accounts.sessions.own_sessions"), name="usersessions_list"),
]
