"""Read this first: one comment, from alice's keyboard to bob's screen, with every stop on the way in sight.

The product runs these stops in four processes. Here they are called one after the other in one, on a real
database and a real Redis, so that a debugger can follow the comment through. ARCHITECTURE.md tells the same.
"""

import json
import threading
from typing import Any

import pytest
import redis
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.test import Client

from comments.events import wire
from comments.events.models import Event
from comments.events.sweeper import Sweeper
from comments.sites.services import create_site
from comments.threads.models import Post, Thread
from comments.threads.page import thread_key
from realtime.formatter import Formatter
from realtime.hub import Hub
from realtime.publisher_channels import ChannelsPublisher
from realtime.routing import live_application
from realtime.stream import EventQueue
from tests.client_model import ClientModel

KEY = thread_key("gazette", "post-42")  # a page has a key before it has a thread


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("forgetful_process")
async def test_a_post_travels(redis_url: str, redis_client: redis.Redis) -> None:
    await sync_to_async(create_site)("gazette", origins=["https://gazette.example.org"])
    hub = Hub(redis_url)
    hub.start()
    queue = EventQueue(redis_url, 0, "a-formatter")
    formatter = Formatter(queue, ChannelsPublisher(redis_url), threading.Event())

    # Bob reads. His browser opens the socket first, then takes the snapshot: nothing falls between the two.
    bobs_socket = WebsocketCommunicator(live_application(lambda: hub, _no_django), f"/live/{KEY}")
    connected, _ = await bobs_socket.connect()
    assert connected
    bobs_screen = ClientModel([await sync_to_async(snapshot)()])
    assert bobs_screen.posts == {}

    # Alice writes. Her browser makes a POST, and gets a 201 when the comment is safe in the database.
    answer = await sync_to_async(alice_posts)("Hello **bob**")
    assert answer.status_code == 201
    assert answer.headers["X-Kibitz-Token"], "it is by this that alice can edit her comment later"

    # One transaction stored the post, took the thread's next number, and wrote the event: all or nothing.
    thread, post, event = await sync_to_async(stored_rows)()
    assert (thread.seq, post.seq, event.seq) == (1, 1, 1)
    assert post.html == "<p>Hello <strong>bob</strong></p>"
    assert json.loads(event.data)["post"]["html"] == post.html
    assert not event.is_done

    # When it had committed, the event went onto the thread's stream. (Had Redis been away, the sweeper
    # would add it two seconds later: the row still says that it is not done.)
    stream = wire.stream_of(KEY, formatters=1)
    assert redis_client.xlen(stream) == 1

    # A formatter reads what is there, makes one frame a thread, publishes it, and only then acknowledges.
    await sync_to_async(formatter.read_once, thread_sensitive=False)()
    await sync_to_async(formatter.flush_once, thread_sensitive=False)()
    assert redis_client.xlen(stream) == 0
    assert redis_client.lrange(wire.DONE, 0, -1) == [wire.done_note(event.pk, event.epoch)]

    # Bob's socket process got the frame by its one subscription, and handed it to the thread's sockets.
    frame = await next_frame(bobs_socket, having="events")
    assert (frame["epoch"], frame["first"], frame["last"]) == (bobs_screen.epoch, 1, 1)

    # His browser applies it, for it is the number after the one it has. No request was made.
    bobs_screen.receive(frame)
    assert [shown["html"] for shown in bobs_screen.posts.values()] == ["<p>Hello <strong>bob</strong></p>"]

    # Had bob reloaded instead, he would see the very same.
    assert bobs_screen.state() == ClientModel([await sync_to_async(snapshot)()]).state()

    # And the sweeper marks the row done, so nobody sends it again.
    await sync_to_async(Sweeper(redis_client).mark_done)()
    _, _, event = await sync_to_async(stored_rows)()
    assert event.is_done

    await bobs_socket.disconnect()
    await hub.stop()


def alice_posts(body: str) -> Any:
    page = {"site": "gazette", "page_id": "post-42", "url": "https://gazette.example.org/42/"}
    told = {"body": body, "name": "alice", "page": {**page, "title": "Forty-two"}}
    return Client().post(
        f"/api/v1/threads/{KEY}/posts/", told, content_type="application/json", headers={"X-Kibitz": "1"}
    )


def snapshot() -> Any:
    return Client().get(f"/api/v1/threads/{KEY}/").json()


def stored_rows() -> tuple[Thread, Post, Event]:
    return Thread.objects.get(key=KEY), Post.objects.get(thread__key=KEY), Event.objects.get(key=KEY)


async def next_frame(socket: WebsocketCommunicator, *, having: str) -> dict[str, Any]:
    """The next frame of that kind; presence frames come whenever they like."""
    while having not in (frame := json.loads(await socket.receive_from(timeout=10))):
        pass
    return dict(frame)


async def _no_django(scope: object, receive: object, send: object) -> None:
    raise AssertionError("only the live paths are served here")
