"""Is it alive, is it ready, what has it done."""

from collections.abc import Iterator, Mapping

import redis
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from comments import env
from comments.events import wire
from comments.events.redis_clients import command_client
from comments.monitoring.pipeline import Pipeline, read_pipeline
from comments.monitoring.queries import accepted, mail_on_its_way, unpublished


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
    def collect(self) -> Iterator[Metric]:
        yield from _of_database()
        try:
            pipeline = read_pipeline(command_client(env.redis_url()))
        except redis.RedisError:
            yield _gauge("kibitz_redis_up", "1 while Redis answers.", 0)
            yield _stages({})
            return
        yield _gauge("kibitz_redis_up", "1 while Redis answers.", 1)
        yield _stages(pipeline.stages())
        yield from _of_queue(pipeline)
        yield from _of_nodes(pipeline)


def _of_database() -> Iterator[Metric]:
    waiting = unpublished()
    yield _gauge(
        "kibitz_events_unpublished", "Events in the database that are not published yet.", waiting.events
    )
    yield _gauge(
        "kibitz_events_unpublished_oldest_seconds",
        "Age of the oldest of them; 0 without any.",
        waiting.oldest_seconds(timezone.now()),
    )
    mail = mail_on_its_way()
    yield _gauge(
        "kibitz_mail_waiting", "Mails that have not been handed to the mail server yet.", mail.waiting
    )
    yield _gauge(
        "kibitz_mail_waiting_oldest_seconds",
        "Age of the oldest of them; 0 without any.",
        mail.oldest_seconds(timezone.now()),
    )
    yield _gauge("kibitz_mail_failed", "Mails of the last week that were tried in vain.", mail.failed)


def _stages(stages: Mapping[str, int]) -> Metric:
    counted = accepted()
    passed = CounterMetricFamily(
        "kibitz_stage",
        "What passed a stage of the pipeline: entries, but for accepted posts and written events, which are "
        "the database's and some seconds old. All others begin anew with an empty Redis.",
        labels=["stage"],
    )
    for stage, count in {**stages, "accepted": counted.posts, "written": counted.events}.items():
        passed.add_metric([stage], count)
    return passed


def _of_queue(pipeline: Pipeline) -> Iterator[Metric]:
    length = GaugeMetricFamily(
        "kibitz_queue_length", "Entries in a stream, held ones included.", labels=["stream"]
    )
    held = GaugeMetricFamily(
        "kibitz_queue_held", "Entries that formatters took and have not finished.", labels=["stream"]
    )
    oldest = GaugeMetricFamily(
        "kibitz_queue_oldest_seconds", "Age of a stream's oldest entry; 0 without any.", labels=["stream"]
    )
    for stream in pipeline.streams:
        length.add_metric([stream.name], stream.length)
        held.add_metric([stream.name], stream.held)
        oldest.add_metric([stream.name], stream.oldest_seconds)
    length.add_metric([wire.DEAD], pipeline.dead)
    yield from (length, held, oldest)
    yield _gauge(
        "kibitz_events_to_mark", "Published events that the sweeper has yet to mark.", pipeline.to_mark
    )
    if pipeline.sweeper_at is not None:
        yield _gauge(
            "kibitz_sweeper_round_timestamp_seconds", "When the sweeper last went round.", pipeline.sweeper_at
        )
    if pipeline.began_at is not None:
        yield _gauge(
            "kibitz_counting_since_timestamp_seconds",
            "Since when the stages are counted: Redis was empty before.",
            pipeline.began_at,
        )


def _of_nodes(pipeline: Pipeline) -> Iterator[Metric]:
    for stage, meaning in (
        ("published", "Entries that a push node, or Redis for the Channels sockets, took."),
        ("missed", "Entries that a push node could not take; the thread's last number is announced later."),
    ):
        passed = CounterMetricFamily(f"kibitz_node_{stage}", meaning, labels=["node"])
        for address, count in pipeline.at_nodes(stage).items():
            passed.add_metric([address], count)
        yield passed
    well = GaugeMetricFamily(
        "kibitz_node_up", "1 while formatters find it well, 0 while not.", labels=["node"]
    )
    behind = GaugeMetricFamily(
        "kibitz_node_missed_threads", "Threads whose last number a node has yet to announce.", labels=["node"]
    )
    for node in pipeline.nodes:
        well.add_metric([node.address], node.state == "well")
        behind.add_metric([node.address], node.missed_threads)
    sockets = GaugeMetricFamily("kibitz_sockets", "Open sockets of a Channels process.", labels=["process"])
    for process, count in pipeline.sockets.items():
        sockets.add_metric([process], count)
    yield from (well, behind, sockets)


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(name, meaning, value=value)


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
