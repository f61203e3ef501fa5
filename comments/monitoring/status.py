"""How the pipeline is, on one page for staff of all sites: what it counts is of all of them."""

from datetime import UTC, datetime
from typing import Any, Final

import redis
from django.contrib import admin
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache

from comments import env
from comments.events.redis_clients import command_client
from comments.mail.server import reaches_people
from comments.monitoring.access import for_staff_of_all_sites
from comments.monitoring.pipeline import Pipeline, read_pipeline
from comments.monitoring.queries import accepted, mail_on_its_way, unpublished
from comments.monitoring.reconciling import SWEEPER_SILENT_SECONDS

# The way of an event, in its order; what else is counted comes behind.
ORDER: Final = (
    ("enqueued", "by the request that wrote the event"),
    ("enqueued_totals", "vote totals"),
    ("repeated", "by the sweeper, after 2 s unpublished"),
    ("replayed", "dead letters, once more"),
    ("taken", "by formatters"),
    ("redelivered", "taken over from another formatter"),
    ("framed", "joined into frames"),
    ("frames", "frames made of them"),
    ("published", "handed to every carrier"),
    ("acknowledged", "finished"),
    ("acknowledged_again", "finished by two formatters"),
    ("dead", "given up after five deliveries"),
    ("discarded", "dead letters, by staff"),
    ("marked", "event rows marked as published"),
    ("marked_again", "published twice"),
)


@never_cache
@for_staff_of_all_sites("view_event")
def status(request: HttpRequest) -> HttpResponse:
    """Draws the page anew each time; the browser asks for it every few seconds."""
    context = {
        **admin.site.each_context(request),
        "title": "Status",
        **_of_redis(),
        **_of_database(),
    }
    return render(request, "monitoring/status.html", context)


def _of_database() -> dict[str, Any]:
    """Without it nobody would be logged in; it may still go away in between."""
    try:
        waiting, counted, mail = unpublished(), accepted(), mail_on_its_way()
    except DatabaseError:
        return {"database_ok": False}
    return {
        "database_ok": True,
        "unpublished": waiting.events,
        "unpublished_seconds": waiting.oldest_seconds(timezone.now()),
        "mail": mail,
        "mail_seconds": mail.oldest_seconds(timezone.now()),
        "has_mail": reaches_people(),
        "accepted": counted.posts,
        "written": counted.events,
    }


def _of_redis() -> dict[str, Any]:
    try:
        pipeline = read_pipeline(command_client(env.redis_url()))
    except redis.RedisError:
        return {"redis_ok": False}
    silent = pipeline.sweeper_silent_seconds
    return {
        "redis_ok": True,
        "pipeline": pipeline,
        "sweeper_ok": silent is not None and silent <= SWEEPER_SILENT_SECONDS,
        "length": sum(stream.length for stream in pipeline.streams),
        "began": datetime.fromtimestamp(pipeline.began_at, UTC) if pipeline.began_at else None,
        "stages": _stages(pipeline),
        "nodes": _nodes(pipeline),
    }


def _stages(pipeline: Pipeline) -> list[dict[str, Any]]:
    known = dict(ORDER)
    others = [
        name for name in pipeline.stages() if name not in known and name not in {"handed", "unreadable"}
    ]
    return [
        {
            "name": name.replace("_", " "),
            "meaning": known.get(name, ""),
            "count": pipeline.count(name),
            "rate": pipeline.rate(name),
        }
        for name in [*known, *others]
    ]


def _nodes(pipeline: Pipeline) -> list[dict[str, Any]]:
    """The push nodes, and what carries the Channels sockets."""
    published, missed = pipeline.at_nodes("published"), pipeline.at_nodes("missed")
    listed: list[dict[str, Any]] = [
        {
            "address": node.address,
            "state": node.state,
            "published": published.get(node.address, 0),
            "missed": missed.get(node.address, 0),
            "missed_threads": node.missed_threads,
        }
        for node in pipeline.nodes
    ]
    return [*listed, {"address": "channels", "published": published.get("channels", 0)}]
