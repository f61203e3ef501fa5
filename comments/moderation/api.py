"""The moderators' calls, for their pages and for programs of theirs, by the admin's session."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from comments.audit.services import Gesture
from comments.errors import LoggedOut, Refused, UnknownPost
from comments.events.shapes import rfc3339
from comments.moderation import authors, claims, serializers, services, showing
from comments.moderation.queries import PER_PAGE_MAX, Asked, counts, for_moderators, queue_page
from comments.moderation.services import Decision, Outcome
from comments.posting.api import IDEMPOTENCY
from comments.posting.callers import idempotency_key, own_shape
from comments.rest.serializers import ProblemSerializer, validated
from comments.rest.views import KibitzView
from comments.sites.models import Site
from comments.sites.roles import MODERATE, sites_of
from comments.threads.models import Post
from comments.threads.serializers import PostShapeSerializer

_PROBLEMS = dict.fromkeys((400, 403, 404, 406, 409, 413, 415, 503), ProblemSerializer)


class ModerationView(KibitzView):
    """Refuses everybody who moderates no site; what one sees is of one's own sites alone, and nobody keeps
    it."""

    moderated: QuerySet[Site]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.moderated = sites_of(request.user, MODERATE)
        if not self.moderated.exists():
            # Whose session it is: also that of somebody who was removed has not ended.
            if not get_user(request._request).is_authenticated:
                raise LoggedOut()
            raise Refused("Only moderators may do that.")

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        answer = super().finalize_response(request, response, *args, **kwargs)
        answer["Cache-Control"] = "no-store"
        return answer

    def gesture(self, request: Request, *, reason: str = "", batch: UUID | None = None) -> Gesture:
        if not isinstance(request.user, User):  # initial() lets in nobody else
            raise Refused()
        more: dict[str, Any] = {} if batch is None else {"batch": batch}
        return Gesture(request.user, timezone.now(), reason, **more)

    def decided(self, gesture: Gesture, outcomes: list[Outcome]) -> Response:
        return Response(
            {
                "batch": str(gesture.batch),
                "undo_seconds": services.UNDO_SECONDS,
                "results": [asdict(outcome) for outcome in outcomes],
                "counts": counts(self.moderated),
            }
        )


class QueueView(ModerationView):
    @extend_schema(
        operation_id="moderation_queue",
        parameters=[serializers.QueueQuery],
        responses={200: serializers.QueueSerializer, **_PROBLEMS},
    )
    def get(self, request: Request) -> Response:
        """A page of a queue, or the posts that are named, with what is needed to decide about them."""
        params = request.query_params
        query = serializers.QueueQuery(data={**params.dict(), "id": params.getlist("id")})
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        sites = self.moderated.filter(key=asked["site"]) if asked["site"] else self.moderated
        following = None
        if asked["id"]:
            posts = list(Post.objects.filter(pk__in=asked["id"], site__in=sites)[:PER_PAGE_MAX])
        else:
            page = Asked(
                order=asked["order"],
                cursor=asked["cursor"],
                limit=asked["limit"],
                text=asked["q"],
                author=asked.get("author"),
                thread=asked.get("thread"),
            )
            posts, following = queue_page(asked["queue"], list(sites.values_list("pk", flat=True)), page)
        shown: list[dict[str, Any]]
        if asked["brief"]:
            shown = [
                {"id": post.pk, "status": post.status, "created": rfc3339(post.created)} for post in posts
            ]
        else:
            shown = for_moderators(posts, reader=request.user.pk, now=timezone.now())
        return Response({"posts": shown, "next": following, "counts": counts(sites)})


class DecisionsView(ModerationView):
    @extend_schema(
        operation_id="moderation_decide",
        request=serializers.DecisionSerializer,
        responses={200: serializers.DecidedSerializer, **_PROBLEMS},
    )
    def post(self, request: Request) -> Response:
        """Approves, rejects or deletes posts, or says that they are spam."""
        given = validated(serializers.DecisionSerializer(), request.data)
        gesture = self.gesture(request, reason=given["reason"])
        outcomes = services.decide(
            Decision(given["decision"]), given["ids"], gesture, seen=given.get("seen") or {}
        )
        return self.decided(gesture, outcomes)


class UndoView(ModerationView):
    @extend_schema(
        operation_id="moderation_undo",
        request=serializers.UndoSerializer,
        responses={200: serializers.DecidedSerializer, **_PROBLEMS},
    )
    def post(self, request: Request) -> Response:
        """Takes back one's own decision or ban of the last 10 s."""
        gesture = self.gesture(request, batch=validated(serializers.UndoSerializer(), request.data)["batch"])
        authors.undo_ban(gesture)
        return self.decided(gesture, services.undo(gesture))


class ClaimsView(ModerationView):
    @extend_schema(
        operation_id="moderation_claim",
        request=serializers.ClaimSerializer,
        responses={200: serializers.ClaimsSerializer, **_PROBLEMS},
    )
    def post(self, request: Request) -> Response:
        """Says to the other moderators that one looks after these posts, for a minute."""
        given = validated(serializers.ClaimSerializer(), request.data)
        holders = claims.claim(given["ids"], self.gesture(request), take_over=given["take_over"])
        return Response({"claims": {str(pk): name for pk, name in holders.items()}})


class ReleasesView(ModerationView):
    @extend_schema(
        operation_id="moderation_release",
        request=serializers.IdsSerializer,
        responses={204: None, **_PROBLEMS},
    )
    def post(self, request: Request) -> Response:
        """Gives one's claims on these posts back."""
        claims.release(validated(serializers.IdsSerializer(), request.data)["ids"], self.gesture(request))
        return Response(status=204)


class BansView(ModerationView):
    @extend_schema(
        operation_id="moderation_ban",
        request=serializers.BanSerializer,
        responses={200: serializers.DecidedSerializer, **_PROBLEMS},
    )
    def post(self, request: Request) -> Response:
        """Bans an author, and rejects posts of theirs."""
        given = validated(serializers.BanSerializer(), request.data)
        gesture = self.gesture(request, reason=given["reason"])
        author_id = given.get("author")
        if author_id is None:
            author_id = showing.moderated_post(given["post"], gesture).author_id
        if author_id is None:
            raise UnknownPost("Nobody is known to have written it.")
        days = given["days"]
        author = authors.ban(
            authors.moderated_author(author_id, gesture),
            gesture,
            until=None if days is None else gesture.now + timedelta(days=days),
            is_shadow=given["is_shadow"],
        )
        if given["posts"] == "this":
            ids = [given["post"]] if "post" in given else []
            return self.decided(gesture, services.decide(Decision.REJECT, ids, gesture))
        return self.decided(gesture, authors.reject_posts(author, gesture, given["posts"]))


class PinsView(ModerationView):
    @extend_schema(
        operation_id="moderation_pin",
        request=serializers.PostSwitchSerializer,
        responses={204: None, **_PROBLEMS},
    )
    def post(self, request: Request) -> Response:
        """Pins a post to the top of its thread, or unpins it."""
        given = validated(serializers.PostSwitchSerializer(), request.data)
        gesture = self.gesture(request)
        showing.set_pinned(showing.moderated_post(given["id"], gesture), gesture, is_on=given["is_on"])
        return Response(status=204)


class FeaturesView(ModerationView):
    @extend_schema(
        operation_id="moderation_feature",
        request=serializers.PostSwitchSerializer,
        responses={204: None, **_PROBLEMS},
    )
    def post(self, request: Request) -> Response:
        """Marks a post as chosen by a moderator, or takes that back."""
        given = validated(serializers.PostSwitchSerializer(), request.data)
        gesture = self.gesture(request)
        showing.set_featured(showing.moderated_post(given["id"], gesture), gesture, is_on=given["is_on"])
        return Response(status=204)


class RepliesView(ModerationView):
    @extend_schema(
        operation_id="moderation_reply",
        parameters=[IDEMPOTENCY],
        request=serializers.ModeratorReplySerializer,
        responses={200: PostShapeSerializer, 201: PostShapeSerializer, **_PROBLEMS},
    )
    def post(self, request: Request) -> Response:
        """Replies to a post, with the moderator's badge."""
        given = validated(serializers.ModeratorReplySerializer(), request.data)
        gesture = self.gesture(request, batch=idempotency_key(request))
        reply, is_new = showing.reply_as_moderator(
            showing.moderated_post(given["id"], gesture), given["body"], gesture
        )
        return Response(own_shape(reply), status=201 if is_new else 200)
