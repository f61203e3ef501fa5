"""Mail leaves in the background: once, whoever dies."""

import subprocess
import threading
import time
from collections.abc import Callable
from functools import partial

import pytest
from django.utils import timezone
from pytest_django import Settings

from comments.mail import worker
from comments.mail.models import Mail
from comments.mail.worker import Postman, take
from tests.conftest import WaitUntil
from tests.integration.mail.letters import NOW, has_come, postman_at, state_of, use, waiting
from tests.smtp import MailServer


def test_what_a_dead_worker_took_is_sent_by_another(to_server: MailServer) -> None:
    mail = waiting()
    taken = take(NOW)  # and then it dies
    assert taken is not None

    assert postman_at().look() == 0
    assert postman_at(worker.LEASE).look() == 1
    worker.settle(taken, worker.Outcome.REFUSED, now=NOW)  # it was only slow

    assert state_of(mail)[0] == "sent"
    assert len(to_server.arrived) == 1


def test_two_workers_take_different_mails(db: None) -> None:
    mails = {waiting().pk, waiting().pk}

    taken = [take(NOW), take(NOW), take(NOW)]

    assert {mail.pk for mail in taken if mail} == mails
    assert taken[2] is None


def test_a_worker_is_woken_by_the_mail(
    shared_database: None,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    server: MailServer,
    wait_until: WaitUntil,
) -> None:
    use(settings, monkeypatch, server.port)
    stopping = threading.Event()
    thread = threading.Thread(target=Postman().run, args=[stopping])
    thread.start()
    try:
        times = []
        for number in range(3):
            began = time.monotonic()
            waiting(now=timezone.now())
            wait_until(partial(has_come, server, number + 1), message="the mail")
            times.append(time.monotonic() - began)
    finally:
        stopping.set()
        thread.join(10)

    assert not thread.is_alive()
    assert min(times) < 0.5, times  # by itself it would look every two seconds


def test_a_sweeper_that_is_killed_loses_no_mail(
    shared_database: None,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    server: MailServer,
    sweep_process: Callable[[], "subprocess.Popen[bytes]"],
    wait_until: WaitUntil,
) -> None:
    use(settings, monkeypatch, server.port)
    server.hangs = True
    mail = waiting(now=timezone.now())
    first = sweep_process()
    wait_until(lambda: server.tried, seconds=20, message="the first sweeper's mail")

    first.kill()
    first.wait()
    assert (state_of(mail)[0], mail.tries) == ("waiting", 1)
    server.hangs = False
    Mail.objects.update(due=timezone.now())  # the lease is over
    second = sweep_process()

    wait_until(lambda: state_of(mail)[0] == "sent", seconds=20, message="the second sweeper's mail")
    assert len(server.arrived) == 1
    second.terminate()
    assert second.wait(10) == 0


def test_without_redis_a_worker_looks_by_itself(
    shared_database: None,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    server: MailServer,
    no_redis: None,
    wait_until: WaitUntil,
) -> None:
    use(settings, monkeypatch, server.port)
    stopping = threading.Event()
    thread = threading.Thread(target=Postman().run, args=[stopping])
    thread.start()
    try:
        waiting(now=timezone.now())
        wait_until(lambda: server.arrived, message="the mail")
    finally:
        stopping.set()
        thread.join(10)
