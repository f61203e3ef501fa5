"""Is it alive, is it ready, what has it done."""

import redis
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from comments import env
from comments.events import wire
from comments.events.models import Event
from comments.events.redis_clients import command_client


def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(request: HttpRequest) -> HttpResponse:
    """Ready while the database answers. Redis is reported, but its absence only stops live updates."""
    database_ok, redis_ok = _database_answers(), _redis_answers()
    parts = {"database": "ok" if database_ok else "down", "redis": "ok" if redis_ok else "down"}
    return JsonResponse({"ready": database_ok, **parts}, status=200 if database_ok else 503)


def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text: how many events passed each stage, and what waits. The counters live in Redis, so
    every process of the pipeline is in the same answer."""
    registry = CollectorRegistry()
    registry.register(_PipelineCollector())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _PipelineCollector(Collector):
    def collect(self) -> list[CounterMetricFamily | GaugeMetricFamily]:
        up = GaugeMetricFamily("kibitz_redis_up", "1 while Redis answers.")
        undone = GaugeMetricFamily(
            "kibitz_events_unpublished", "Events in the database that are not published yet."
        )
        undone.add_metric([], Event.objects.filter(is_done=False).count())
        try:
            client = command_client(env.redis_url())
            passed = CounterMetricFamily(
                "kibitz_stage", "Entries that passed a stage of the pipeline.", labels=["stage"]
            )
            for stage, count in sorted(client.hgetall(wire.COUNTERS).items()):
                passed.add_metric([str(stage)], int(count))
            waiting = GaugeMetricFamily("kibitz_queue_length", "Entries in a stream.", labels=["stream"])
            for stream in sorted({wire.stream_name(i) for i in range(env.formatter_count())} | {wire.DEAD}):
                waiting.add_metric([stream], client.xlen(stream))
        except redis.RedisError:
            up.add_metric([], 0)
            return [up, undone]
        up.add_metric([], 1)
        return [up, undone, passed, waiting]


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _redis_answers() -> bool:
    try:
        return bool(command_client(env.redis_url()).ping())
    except redis.RedisError:
        return False
