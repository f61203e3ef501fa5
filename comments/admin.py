"""Every slice's admin, where Django looks for it."""

from django.contrib import admin

from comments.moderation.action_admin import ActionAdmin
from comments.moderation.admin import PostAdmin, ThreadAdmin
from comments.moderation.author_admin import AuthorAdmin
from comments.signin.admin import SocialAppAdmin
from comments.sites.admin import SiteAdmin

__all__ = ["ActionAdmin", "AuthorAdmin", "PostAdmin", "SiteAdmin", "SocialAppAdmin", "ThreadAdmin"]

admin.site.site_header = admin.site.site_title = "Kibitz"
admin.site.site_url = "/demo/"
