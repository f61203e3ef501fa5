"""Both carriers against a hub on a real Redis, without a server between."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from channels.routing import ProtocolTypeRouter
from channels.testing import ApplicationCommunicator, HttpCommunicator, WebsocketCommunicator

from realtime.hub import Hub, TooManySockets
from realtime.publisher import Frame
from realtime.publisher_channels import ChannelsPublisher
from realtime.routing import live_application
from tests import servers

KEY = "a" * 26
PATH = f"/live/{KEY}"
SECONDS = 10


async def django(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"django"})


@pytest.fixture
async def hub(redis_url: str) -> AsyncIterator[Hub]:
    hub = Hub(redis_url, max_sockets_per_address=2)
    hub.start()
    yield hub
    await hub.stop()


@pytest.fixture
def application(hub: Hub) -> ProtocolTypeRouter:
    return live_application(lambda: hub, django)


@pytest.fixture
def publisher(redis_url: str) -> ChannelsPublisher:
    return ChannelsPublisher(redis_url)


Headers = list[tuple[bytes, bytes]]


async def open_socket(
    application: ProtocolTypeRouter, path: str = PATH, headers: Headers | None = None
) -> WebsocketCommunicator:
    socket = WebsocketCommunicator(application, path, headers)
    accepted, _ = await socket.connect(SECONDS)
    assert accepted
    return socket


async def next_frame(socket: WebsocketCommunicator) -> Any:
    """The next frame that is no reader count."""
    while True:
        frame = json.loads(await socket.receive_from(SECONDS))
        if "readers" not in frame:
            return frame


async def close_code(socket: WebsocketCommunicator) -> int:
    while True:
        message = await socket.receive_output(SECONDS)
        if message["type"] == "websocket.close":
            return int(message["code"])


def open_stream(application: ProtocolTypeRouter, path: str = PATH, method: str = "GET") -> HttpCommunicator:
    communicator = HttpCommunicator(application, method, path)
    communicator.scope["client"] = ["127.0.0.1", 1]
    return communicator


async def test_a_socket_gets_its_threads_frames_and_no_others(
    application: ProtocolTypeRouter, publisher: ChannelsPublisher
) -> None:
    socket = await open_socket(application)

    publisher.publish([Frame("b" * 26, '{"head":1}'), Frame(KEY, '{"head":2}')])

    assert await next_frame(socket) == {"head": 2}
    await socket.disconnect()


async def test_a_stream_gets_the_same_frames(
    application: ProtocolTypeRouter, publisher: ChannelsPublisher, hub: Hub
) -> None:
    stream = open_stream(application)
    await stream.send_input({"type": "http.request", "body": b""})
    start = await stream.receive_output(SECONDS)
    assert (await stream.receive_output(SECONDS))["body"] == b"retry: 5000\n\n"
    assert (await stream.receive_output(SECONDS))["body"] == b'data: {"readers":1}\n\n'

    publisher.publish([Frame(KEY, '{"head":\n2}')])

    assert (await stream.receive_output(SECONDS))["body"] == b'data: {"head": 2}\n\n'
    headers = dict(start["headers"])
    assert headers[b"content-type"] == b"text/event-stream"
    assert headers[b"cache-control"] == b"no-store"
    assert headers[b"x-accel-buffering"] == b"no"
    assert b"access-control-allow-origin" not in headers
    await stream.send_input({"type": "http.disconnect"})
    await stream.wait(SECONDS)
    assert hub.socket_count() == 0


async def test_a_malformed_key_closes_with_4400(application: ProtocolTypeRouter) -> None:
    socket = await open_socket(application, "/live/" + "A" * 26)

    assert await close_code(socket) == 4400
    await socket.disconnect()


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [("GET", "/live/short", 400, "malformed_key"), ("POST", PATH, 405, "method_not_allowed")],
)
async def test_a_stream_is_refused_in_the_apis_error_format(
    application: ProtocolTypeRouter, method: str, path: str, status: int, code: str
) -> None:
    stream = open_stream(application, path, method)

    response = await stream.get_response(SECONDS)

    assert response["status"] == status
    problem = json.loads(response["body"])
    assert problem["code"] == code
    assert problem["fields"] == {}
    await stream.send_input({"type": "http.disconnect"})
    await stream.wait(SECONDS)


HOST = (b"host", b"comments.example.org")


@pytest.mark.parametrize("path", [PATH, f"/live/moderation/{KEY}"])
@pytest.mark.parametrize(
    "origin",
    [
        b"https://evil.example",
        b"https://comments.example.org.evil.example",
        b"null",
        b"https://[",
        b"https://comments.example.org:8443",
    ],
)
async def test_a_script_of_another_page_gets_no_socket(
    application: ProtocolTypeRouter, hub: Hub, path: str, origin: bytes
) -> None:
    socket = await open_socket(application, path, [HOST, (b"origin", origin)])

    assert await close_code(socket) == 4403
    assert hub.socket_count() == 0
    await socket.disconnect()


@pytest.mark.parametrize(
    ("path", "origin"),
    [
        (PATH, b"https://comments.example.org"),
        (PATH, b"https://public.example.org"),
        (f"/live/counts/{KEY}", b"https://blog.example.org"),  # counts are shown outside of our frame
    ],
)
async def test_our_own_frame_gets_one_and_any_page_counts(
    application: ProtocolTypeRouter, hub: Hub, monkeypatch: pytest.MonkeyPatch, path: str, origin: bytes
) -> None:
    monkeypatch.setenv("KIBITZ_PUBLIC_URL", "https://public.example.org")

    socket = await open_socket(application, path, [HOST, (b"origin", origin)])

    assert hub.socket_count() == 1
    await socket.disconnect()


async def test_a_script_of_another_page_gets_no_stream(application: ProtocolTypeRouter) -> None:
    stream = open_stream(application)
    stream.scope["headers"] = [HOST, (b"origin", b"https://evil.example")]

    response = await stream.get_response(SECONDS)

    assert (response["status"], json.loads(response["body"])["code"]) == (403, "origin_not_allowed")
    await stream.send_input({"type": "http.disconnect"})
    await stream.wait(SECONDS)


async def test_one_address_gets_no_more_sockets_than_allowed(
    application: ProtocolTypeRouter, hub: Hub
) -> None:
    sockets = [await open_socket(application) for _ in range(2)]

    third = await open_socket(application)

    assert await close_code(third) == 4029
    await third.disconnect()
    for socket in sockets:
        await socket.disconnect()
    fourth = await open_socket(application)
    assert hub.socket_count() == 1
    await fourth.disconnect()


async def test_all_addresses_together_get_no_more_sockets_than_the_process_may_hold(redis_url: str) -> None:
    hub = Hub(redis_url, max_sockets_per_address=2, max_sockets=2)
    hub.start()
    alices = await hub.join(KEY, "192.0.2.1", lambda code: None)
    bobs = await hub.join(KEY, "192.0.2.2", lambda code: None)

    with pytest.raises(TooManySockets):
        await hub.join(KEY, "192.0.2.3", lambda code: None)
    hub.leave(alices)
    hub.leave(alices)
    carols = await hub.join(KEY, "192.0.2.3", lambda code: None)
    with pytest.raises(TooManySockets):
        await hub.join(KEY, "192.0.2.4", lambda code: None)

    for mailbox in (bobs, carols):
        hub.leave(mailbox)
    assert hub.socket_count() == 0
    await hub.stop()


async def test_one_address_gets_no_more_streams_than_allowed(redis_url: str) -> None:
    hub = Hub(redis_url, max_sockets_per_address=1)
    hub.start()
    await hub.join(KEY, "127.0.0.1", lambda code: None)
    stream = open_stream(live_application(lambda: hub, django))

    response = await stream.get_response(SECONDS)

    assert response["status"] == 429
    assert json.loads(response["body"])["code"] == "throttled"
    await stream.send_input({"type": "http.disconnect"})
    await stream.wait(SECONDS)
    await hub.stop()


async def test_typing_is_told_to_the_others(application: ProtocolTypeRouter) -> None:
    typist, reader = await open_socket(application), await open_socket(application)

    await typist.send_to('{"typing": true}')

    assert await next_frame(reader) == {"typing": 1}
    await typist.disconnect()
    await reader.disconnect()


@pytest.mark.parametrize("junk", [" ", "x", "[1]", '{"typing": 1}', "[" * 4000, '{"readers": 1000}', "null"])
async def test_junk_from_a_client_is_ignored(
    application: ProtocolTypeRouter, publisher: ChannelsPublisher, hub: Hub, junk: str
) -> None:
    socket = await open_socket(application)
    await socket.send_to(junk)
    await socket.send_to(bytes_data=b"\xff")

    publisher.publish([Frame(KEY, '{"head":2}')])

    assert await next_frame(socket) == {"head": 2}
    assert hub.presence._typing == {}
    await socket.disconnect()


async def test_an_oversized_client_frame_closes_the_socket(application: ProtocolTypeRouter) -> None:
    socket = await open_socket(application)

    await socket.send_to('"' + "x" * 4096 + '"')

    assert await close_code(socket) == 1009
    await socket.disconnect()


async def test_other_paths_go_to_django_or_are_refused(application: ProtocolTypeRouter) -> None:
    response = await open_stream(application, "/live/a/b").get_response(SECONDS)
    assert response["body"] == b"django"

    socket = WebsocketCommunicator(application, "/elsewhere")
    accepted, _ = await socket.connect(SECONDS)
    assert not accepted


async def test_a_socket_that_is_not_read_is_closed_with_4008(
    application: ProtocolTypeRouter, hub: Hub
) -> None:
    closed_with: list[int] = []
    await hub.join(KEY, "10.0.0.1", closed_with.append)
    socket = await open_socket(application)

    for number in range(200):
        hub.deliver(KEY, f'{{"head":{number}}}')
        await asyncio.sleep(0)  # the writer of the other socket gets its turn

    assert closed_with == [4008]
    assert await next_frame(socket) == {"head": 0}
    await socket.disconnect()


async def test_sockets_are_closed_with_4001_when_redis_restarts_and_may_come_back() -> None:
    with servers.redis_server() as (server, url):
        hub = Hub(url)
        hub.start()
        application = live_application(lambda: hub, django)
        socket = await open_socket(application)
        server.kill()
        assert await close_code(socket) == 4001
        await socket.disconnect()

        server.start()
        back = await open_socket(application)
        ChannelsPublisher(url).publish([Frame(KEY, '{"head":3}')])

        assert await next_frame(back) == {"head": 3}
        await back.disconnect()
        await hub.stop()


async def test_sockets_are_closed_with_4001_when_redis_drops_the_subscription(
    application: ProtocolTypeRouter, redis_client: Any
) -> None:
    socket = await open_socket(application)

    redis_client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")

    assert await close_code(socket) == 4001
    await socket.disconnect()


async def test_while_redis_is_away_a_socket_is_told_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realtime.hub.JOIN_LIMIT_SECONDS", 0.05)
    hub = Hub("redis://127.0.0.1:1/0")
    hub.start()
    application = live_application(lambda: hub, django)

    socket = await open_socket(application)
    stream = open_stream(application)

    assert await close_code(socket) == 4001
    assert (await stream.get_response(SECONDS))["status"] == 503
    await socket.disconnect()
    await stream.send_input({"type": "http.disconnect"})
    await stream.wait(SECONDS)
    await hub.stop()


async def test_the_hub_stops_with_the_server(hub: Hub, application: ProtocolTypeRouter) -> None:
    closed_with: list[int] = []
    await hub.join(KEY, "10.0.0.1", closed_with.append)
    lifespan = ApplicationCommunicator(application, {"type": "lifespan"})

    await lifespan.send_input({"type": "lifespan.startup"})
    assert (await lifespan.receive_output(SECONDS))["type"] == "lifespan.startup.complete"
    await lifespan.send_input({"type": "lifespan.shutdown"})
    assert (await lifespan.receive_output(SECONDS))["type"] == "lifespan.shutdown.complete"

    assert closed_with == [1001]
