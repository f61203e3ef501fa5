"""The reading calls: bootstrap, snapshot, events, head, counts."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.serializers import Serializer

from comments.errors import MalformedKey
from comments.events.shapes import compact_json
from comments.rest.answers import cacheable_json, front_cacheable_json
from comments.rest.serializers import TOO_FAST, ProblemSerializer
from comments.rest.throttles import check_reading
from comments.rest.views import KibitzView
from comments.sites.models import SITE_KEY_PATTERN
from comments.sites.services import get_site
from comments.sites.texts import app_texts, known_tag
from comments.threads import queries, serializers
from comments.threads.bootstrap import bootstrap, counts_live, thread_on
from comments.threads.page import KEY_PATTERN, thread_key
from comments.threads.services import Page

PROBLEMS = {**dict.fromkeys((400, 404, 406, 503), ProblemSerializer), 429: TOO_FAST}
KEY_PARAMETER = OpenApiParameter(
    "key", {"type": "string", "pattern": f"^{KEY_PATTERN.pattern}$"}, OpenApiParameter.PATH
)
SITE_PARAMETER = OpenApiParameter(
    "site",
    {"type": "string", "pattern": SITE_KEY_PATTERN.replace(r"\Z", "$")},  # which JSON Schema does not know
    OpenApiParameter.PATH,
)


def well_formed_key(key: str) -> str:
    """Raises MalformedKey."""
    if not KEY_PATTERN.fullmatch(key):
        raise MalformedKey()
    return key


def queried(shape: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    """The query's values; raises ValidationError. As a plain dict, in which an empty value is one: DRF takes
    it for a field of a form that was left out."""
    query = shape(data=request.query_params.dict())
    query.is_valid(raise_exception=True)
    found: dict[str, Any] = query.validated_data
    return found


class ReadingView(KibitzView):
    """Answers are the same bytes for everybody, so nobody is asked who they are."""

    authentication_classes = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        check_reading(request._request)


class BootstrapView(ReadingView):
    @extend_schema(
        operation_id="thread_of_page",
        parameters=[SITE_PARAMETER, serializers.PageQuery],
        responses={200: serializers.BootstrapSerializer, 403: ProblemSerializer, **PROBLEMS},
    )
    def get(self, request: Request, site: str) -> HttpResponse:
        """Resolves a page to its thread: key, numbers, sources of live updates, and the site's settings."""
        asked = queried(serializers.PageQuery, request)
        found = get_site(site)
        page = Page.named(page_id=asked["page_id"], url=asked["url"], title="")
        return front_cacheable_json(
            request._request, compact_json(bootstrap(found, thread_on(found, page), request._request))
        )


class WritingTextsView(ReadingView):
    @extend_schema(
        operation_id="writing_texts",
        parameters=[SITE_PARAMETER, serializers.TextsQuery],
        responses={200: OpenApiTypes.OBJECT, **PROBLEMS},
    )
    def get(self, request: Request, site: str) -> HttpResponse:
        """What an embed tells only those who write, in the language that is asked for or else in English:
        each text, or its forms by CLDR's plural categories, by its key in embed/messages."""
        tag = known_tag(queried(serializers.TextsQuery, request)["lang"])
        return front_cacheable_json(
            request._request, compact_json(app_texts(tag, get_site(site).texts, "write"))
        )


class ThreadView(ReadingView):
    @extend_schema(
        operation_id="thread_snapshot",
        parameters=[KEY_PARAMETER, serializers.SnapshotQuery],
        responses={200: serializers.SnapshotSerializer, **PROBLEMS},
    )
    def get(self, request: Request, key: str) -> HttpResponse:
        """A page of the thread. With `root` (and `after`, a post's id) the next posts of that one branch."""
        well_formed_key(key)
        asked = queried(serializers.SnapshotQuery, request)
        if "root" in asked:
            root_id = asked["root"]
            page = queries.branch_page(key, root_id=root_id, after_id=asked.get("after", root_id))
        else:
            page = queries.thread_page(key, sort=asked["sort"], cursor=asked["cursor"], limit=asked["limit"])
        return cacheable_json(request._request, compact_json(page), stale_seconds=1)


class EventsView(ReadingView):
    @extend_schema(
        operation_id="thread_events",
        parameters=[KEY_PARAMETER, serializers.EventsQuery],
        responses={200: serializers.ReplaySerializer, 410: ProblemSerializer, **PROBLEMS},
    )
    def get(self, request: Request, key: str) -> HttpResponse:
        """Up to 200 events after a number, as a frame; the carrier of last resort, too."""
        well_formed_key(key)
        replay = queries.events_after(key, queried(serializers.EventsQuery, request)["after"])
        # The events are JSON already and stay untouched.
        return cacheable_json(
            request._request,
            f'{{"epoch":{compact_json(replay.epoch)},"first":{replay.first},"last":{replay.last},'
            f'"head":{replay.head},"events":[{",".join(replay.events)}],'
            f'"totals":{compact_json({str(pk): tally for pk, tally in replay.totals.items()})}}}',
        )


class HeadView(ReadingView):
    @extend_schema(
        operation_id="thread_head",
        parameters=[KEY_PARAMETER],
        responses={200: serializers.HeadSerializer, **PROBLEMS},
    )
    def get(self, request: Request, key: str) -> HttpResponse:
        """The thread's latest number."""
        return cacheable_json(request._request, compact_json(queries.thread_head(well_formed_key(key))))


class CountsView(ReadingView):
    @extend_schema(
        operation_id="counts",
        parameters=[
            SITE_PARAMETER,
            OpenApiParameter(
                "page_id",
                {
                    "type": "array",
                    "items": {"type": "string", "minLength": 1, "maxLength": 2_000},
                    "minItems": 1,
                    "maxItems": 200,
                },
                required=True,
                description="Repeatable, up to 200 times.",
            ),
        ],
        responses={200: serializers.CountsSerializer, **PROBLEMS},
    )
    def get(self, request: Request, site: str) -> HttpResponse:
        """How many comments pages have, as of which number, and where they are live for the whole site. Any
        page may ask and listen: the numbers are public."""
        query = serializers.CountsQuery(data={"page_id": request.query_params.getlist("page_id")})
        query.is_valid(raise_exception=True)
        found = get_site(site)
        keys = {page_id: thread_key(found.key, page_id) for page_id in query.validated_data["page_id"]}
        threads = queries.counts_of_threads(list(keys.values()))
        shown = {
            "counts": {page_id: threads[key].posts for page_id, key in keys.items()},
            "heads": {
                page_id: {"key": key, "epoch": threads[key].epoch, "seq": threads[key].seq}
                for page_id, key in keys.items()
            },
            "live": counts_live(found, request._request),
        }
        answer = cacheable_json(request._request, compact_json(shown))
        answer["Access-Control-Allow-Origin"] = "*"
        return answer
