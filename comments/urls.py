"""Every address but /live/, which the push tier serves (realtime/routing.py)."""

from django.contrib import admin
from django.urls import include, path, register_converter
from django.urls.converters import IntConverter
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from comments.demo import views as demo
from comments.moderation import api as moderation
from comments.moderation import queue_page
from comments.monitoring import api as monitoring
from comments.monitoring import letters, status
from comments.pages import assets, embed_frame, feeds, still_thread
from comments.posting import api as posting
from comments.screening import api as screening
from comments.screening import rules_page
from comments.signin import api as signin
from comments.signin import (
    avatar_image,
    handoffs_api,
    member_ways_api,
    passkey_page,
    popup,
    profile_api,
    settings_page,
    sso_api,
)
from comments.signin import codes_api as codes
from comments.threads import api as threads


class IdConverter(IntConverter):
    regex = "[0-9]{1,18}"  # within a 64-bit column


register_converter(IdConverter, "id")

API = "api/v1/"

urlpatterns = [
    path(API + "sites/<str:site>/thread/", threads.BootstrapView.as_view()),
    path(API + "sites/<str:site>/texts/", threads.WritingTextsView.as_view()),
    path(API + "sites/<str:site>/counts/", threads.CountsView.as_view()),
    path(API + "sites/<str:site>/challenge/", screening.ChallengeView.as_view()),
    path(API + "sites/<str:site>/session/", profile_api.ProfileView.as_view()),
    path(API + "sites/<str:site>/session/bearer/", signin.BearerView.as_view()),
    path(API + "sites/<str:site>/handoffs/", handoffs_api.HandoffsView.as_view()),
    path(API + "sites/<str:site>/codes/", codes.CodesView.as_view()),
    path(API + "sites/<str:site>/codes/<uuid:code_id>/", codes.CodeView.as_view()),
    path(API + "sites/<str:site>/sso/", sso_api.SsoView.as_view()),
    path(API + "sites/<str:site>/session/avatar/", profile_api.AvatarView.as_view()),
    path(API + "sites/<str:site>/session/avatar/gravatar/", profile_api.GravatarView.as_view()),
    path(API + "sites/<str:site>/session/posts/", profile_api.OwnPostsView.as_view()),
    path(API + "sites/<str:site>/session/ways/", member_ways_api.MemberWaysView.as_view()),
    path(API + "sites/<str:site>/session/ways/begin/", member_ways_api.BeginWayView.as_view()),
    path(API + "sites/<str:site>/session/ways/email/", member_ways_api.WayEmailView.as_view()),
    path(
        API + "sites/<str:site>/session/ways/email/<uuid:code_id>/",
        member_ways_api.WayEmailCodeView.as_view(),
    ),
    path(API + "sites/<str:site>/session/ways/<id:way_id>/", member_ways_api.MemberWayView.as_view()),
    path(API + "threads/<str:key>/", threads.ThreadView.as_view()),
    path(API + "threads/<str:key>/posts/", posting.PostsView.as_view()),
    path(API + "threads/<str:key>/typing/", posting.TypingView.as_view()),
    path(API + "threads/<str:key>/events/", threads.EventsView.as_view()),
    path(API + "threads/<str:key>/head/", threads.HeadView.as_view()),
    path(API + "posts/<id:post_id>/", posting.PostView.as_view()),
    path(API + "posts/<id:post_id>/vote/", posting.VoteView.as_view()),
    path(API + "posts/<id:post_id>/flag/", posting.FlagView.as_view()),
    path(API + "preview/", posting.PreviewView.as_view()),
    path(API + "moderation/posts/", moderation.QueueView.as_view(), name="moderation-queue"),
    path(API + "moderation/decisions/", moderation.DecisionsView.as_view()),
    path(API + "moderation/undo/", moderation.UndoView.as_view()),
    path(API + "moderation/claims/", moderation.ClaimsView.as_view()),
    path(API + "moderation/releases/", moderation.ReleasesView.as_view()),
    path(API + "moderation/bans/", moderation.BansView.as_view()),
    path(API + "moderation/pins/", moderation.PinsView.as_view()),
    path(API + "moderation/features/", moderation.FeaturesView.as_view()),
    path(API + "moderation/replies/", moderation.RepliesView.as_view()),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="schema")),
    path("embed.js", assets.loader),
    path("embed/counts.js", assets.counts),
    path("embed/host_sso.js", assets.host_sso),
    path("embed/<slug:name>.<slug:version>.js", assets.script),
    path("embed/<str:site>/", embed_frame.document),
    path("avatars/<slug:key>", avatar_image.image),
    path("t/<str:site>/", still_thread.by_name),
    path("t/<str:site>/fragment/", still_thread.fragment_by_name),
    path("t/<str:site>/atom/", feeds.of_site),
    path("t/<str:site>/<str:key>/", still_thread.page),
    path("t/<str:site>/<str:key>/fragment/", still_thread.fragment),
    path("t/<str:site>/<str:key>/atom/", feeds.of_thread),
    path("auth/passkey/", passkey_page.passkey),
    path("auth/apple/finish/", popup.apple_finish, name="apple_finish_callback"),
    path("auth/<slug:provider>/", popup.start),
    path("auth/<slug:provider>/callback/", popup.callback),
    path("demo/", demo.article, {"slug": ""}, name="demo"),
    path("demo/<slug:slug>/", demo.article, name="demo-article"),
    path("", demo.home),
    path("admin/account/", include("comments.accounts.urls")),
    path("admin/moderation/", admin.site.admin_view(queue_page.moderation), name="moderation"),
    path("admin/status/", admin.site.admin_view(status.status), name="status"),
    path("admin/dead-letters/", admin.site.admin_view(letters.letters), name="dead-letters"),
    path("admin/dead-letters/act/", admin.site.admin_view(letters.act), name="dead-letters-act"),
    path("admin/dead-letters/<str:letter_id>/", admin.site.admin_view(letters.letter), name="dead-letter"),
    path("admin/rules/<id:site_id>/", admin.site.admin_view(rules_page.rules), name="site-rules"),
    path("admin/sign-in/<id:site_id>/", admin.site.admin_view(settings_page.sign_in), name="site-sign-in"),
    path("admin/", admin.site.urls),
    path("healthz", monitoring.healthz),
    path("readyz", monitoring.readyz),
    path("metrics", monitoring.metrics),
]

handler400 = "comments.rest.problems.malformed"
handler404 = "comments.rest.problems.not_found"
handler500 = "comments.rest.problems.broken"
