"""Every slice's admin, where Django looks for it."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.models import User

from comments.accounts.admin import AccountAdmin
from comments.moderation.action_admin import ActionAdmin
from comments.moderation.admin import PostAdmin, ThreadAdmin
from comments.moderation.author_admin import AuthorAdmin
from comments.signin.admin import SocialAppAdmin
from comments.sites.admin import SiteAdmin

__all__ = [
    "AccountAdmin",
    "ActionAdmin",
    "AuthorAdmin",
    "PostAdmin",
    "SiteAdmin",
    "SocialAppAdmin",
    "ThreadAdmin",
]

# Secrets of second factors, and other people's sessions, are nobody's to read; readers have no accounts.
admin.site.unregister([Authenticator, EmailAddress, SocialAccount, SocialApp, SocialToken, User, UserSession])
admin.site.register(SocialApp, SocialAppAdmin)
admin.site.register(User, AccountAdmin)
admin.site.site_header = admin.site.site_title = "Kibitz"
admin.site.site_url = "/demo/"
