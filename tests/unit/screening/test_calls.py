"""Calls to other people's servers end in time, whatever those do, and go nowhere they should not."""

from collections.abc import Iterator

import pytest

from comments.screening import calls
from comments.screening.calls import Bounds, CallFailed, Reply
from tests import services
from tests.services import Service

BOUNDS = Bounds(seconds=0.5, body_max_bytes=64 * 1024, may_be_private=True)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.fixture
def service() -> Iterator[Service]:
    with services.service(services.answers("{}")) as found:
        yield found


def called(service: Service, bounds: Bounds = BOUNDS) -> Reply:
    return calls.post(service.url, b'{"a": 1}', {"X-Test": "1"}, bounds)


def test_what_was_sent_arrives_and_the_answer_comes_back(service: Service) -> None:
    service.behaviour = services.answers(b'{"fine": true}', X_Akismet_Pro_Tip="discard")

    reply = called(service)

    assert reply.body == b'{"fine": true}'
    assert reply.headers["x-akismet-pro-tip"] == "discard"
    [asked] = service.asked
    assert (asked.line, asked.body) == ("POST /check HTTP/1.1", b'{"a": 1}')
    assert asked.headers["host"] == f"127.0.0.1:{service.port}"
    assert asked.headers["x-test"] == "1"


def test_a_picture_is_asked_for_by_get_with_the_same_bounds(service: Service) -> None:
    service.behaviour = services.answers(b"GIF89a")

    assert calls.get(service.url, {"Accept": "image/gif"}, BOUNDS).body == b"GIF89a"
    [asked] = service.asked
    assert (asked.line, asked.body) == ("GET /check HTTP/1.1", b"")

    service.behaviour = services.answers("x" * (64 * 1024 + 1))
    with pytest.raises(CallFailed, match="more than 64 KiB"):
        calls.get(service.url, {}, BOUNDS)
    service.behaviour = services.answers("none", "404 Not Found")
    with pytest.raises(CallFailed) as failed:
        calls.get(service.url, {}, BOUNDS)
    assert (failed.value.status, failed.value.may_pass) == (404, False)


@pytest.mark.parametrize("url", ["http://example.org/a.png", "HTTP://example.org/", "ftp://example.org/", ""])
def test_what_is_got_comes_by_https(url: str) -> None:
    with pytest.raises(CallFailed, match="https"):
        calls.get(url, {}, Bounds(seconds=0.5, body_max_bytes=1))


def test_an_answer_in_chunks_and_one_without_a_length_are_read(service: Service) -> None:
    service.behaviour = services.sends(
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    )
    assert called(service).body == b"abcde"

    service.behaviour = services.sends(HEAD + b"\r\nto the end")
    assert called(service).body == b"to the end"


@pytest.mark.parametrize(
    "behaviour",
    [
        services.hangs,
        services.hangs_after(b"HTTP/1.1 200"),
        services.hangs_after(HEAD + b"Content-Length: 10\r\n\r\nabc"),
        services.drips(HEAD + b"Content-Length: 100\r\n\r\n" + b"x" * 100),
        services.drips(HEAD + b"X-More: " + b"y" * 500),
        services.drips(b"HTTP/1.1 100 Continue\r\n\r\n" * 50),
        services.drips(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 200),
    ],
    ids=[
        "at once",
        "in the status",
        "in the body",
        "drips a body",
        "drips a header",
        "drips 100s",
        "drips chunks",
    ],
)
def test_one_that_hangs_or_drips_is_left_after_the_whole_time(
    service: Service, behaviour: services.Behaviour
) -> None:
    service.behaviour = behaviour

    with pytest.raises(CallFailed, match=r"did not answer within 0\.5 s") as failed:
        called(service)

    assert failed.value.may_pass


@pytest.mark.parametrize(
    "head", [HEAD + b"\r\n", HEAD + b"Content-Length: 10485760\r\n\r\n"], ids=["without a length", "with one"]
)
def test_an_answer_of_ten_megabytes_is_not_read(service: Service, head: bytes) -> None:
    service.behaviour = services.floods(head)

    with pytest.raises(CallFailed, match="answered more than 64 KiB") as failed:
        called(service, Bounds(5, 64 * 1024, may_be_private=True))

    assert not failed.value.may_pass


def test_a_header_of_ten_megabytes_is_not_read(service: Service) -> None:
    service.behaviour = services.floods(HEAD + b"X-Long: ")

    with pytest.raises(CallFailed, match="answered no HTTP"):
        called(service, Bounds(5, 64 * 1024, may_be_private=True))


@pytest.mark.parametrize(
    ("raw", "fault", "may_pass"),
    [
        (b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", "answered 500", True),
        (b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", "answered 404", False),
        (b"HTTP/1.1 204 No\r\n\r\n", "answered 204", False),
        (
            b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
            r"a redirect \(302\), which is not followed",
            False,
        ),
        (b"", "broke off", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", "broke off", True),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "answered no HTTP", False),
        (b"\x00\xff" * 50 + b"\r\n\r\n", "answered no HTTP", False),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc", "broke off|no HTTP", None),
        (HEAD + b"X: y\r\n" * 300 + b"\r\n", "answered no HTTP", False),
        (HEAD + b"Content-Length: minus\r\n\r\nabc", None, None),
    ],
)
def test_what_is_no_answer_is_named(
    service: Service, raw: bytes, fault: str | None, may_pass: bool | None
) -> None:
    service.behaviour = services.sends(raw)

    if fault is None:
        assert called(service).body == b"abc"
        return
    with pytest.raises(CallFailed, match=fault) as failed:
        called(service)

    assert may_pass is None or failed.value.may_pass is may_pass


def test_a_redirect_is_not_followed(service: Service) -> None:
    with services.service(services.answers("{}")) as inner:
        service.behaviour = services.answers("", "307 Temporary Redirect", Location=inner.url)

        with pytest.raises(CallFailed, match="redirect"):
            called(service)

        assert inner.asked == []


def test_nobody_listening_is_a_fault_that_may_pass(free_port: int) -> None:
    with pytest.raises(CallFailed, match="refuses connections") as failed:
        calls.post(f"http://127.0.0.1:{free_port}/", b"", {}, BOUNDS)

    assert failed.value.may_pass


def test_plain_text_where_tls_is_expected_is_a_fault(service: Service) -> None:
    with pytest.raises(CallFailed, match=r"cannot be reached|broke off|did not answer"):
        calls.post(service.url.replace("http:", "https:"), b"", {}, BOUNDS)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"]
)
def test_this_machine_is_not_called_unless_the_operator_says_so(service: Service, host: str) -> None:
    url = f"http://{host}:{service.port}/check"

    with pytest.raises(CallFailed, match=r"is at .* its own network|leads nowhere") as failed:
        calls.post(url, b"", {}, Bounds(5, 1024))

    assert not failed.value.may_pass
    assert service.asked == []


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
        *("0.0.0.0", "255.255.255.255", "224.0.0.1", "240.0.0.1", "192.0.2.1", "198.18.0.1"),
        *("::1", "::", "fe80::1", "fe80::1%eth0", "fec0::1", "fc00::1", "fd12::1", "ff02::1", "2001:db8::1"),
        *("::ffff:10.0.0.1", "::10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::1", "nonsense", ""),
    ],
)
def test_addresses_of_no_stranger_are_known(address: str) -> None:
    assert not calls.is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_the_internet_may_be_called(address: str) -> None:
    assert calls.is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        *("", "check", "//example.org/", "ftp://example.org/", "file:///etc/passwd", "http://", "http:///x"),
        *(
            "http://a b/",
            "http://example.org/a b",
            "http://example.org/\r\nX: y",
            "http://example.org\\@10.0.0.1/",
        ),
        *(
            "http://user:secret@example.org/",
            "http://example.org:99999/",
            "http://example.org:x/",
            "http://[::1/",
        ),
        "http://" + "ä" * 80 + ".de/",
        "http://\ud800.de/",
    ],
)
def test_what_is_no_address_is_refused_with_a_sentence(url: str) -> None:
    assert calls.fault_of(url).endswith(".")

    with pytest.raises(CallFailed):
        calls.post(url, b"", {}, BOUNDS)


@pytest.mark.parametrize(
    "url", ["https://example.org", "http://example.org:8080/a?b=c&d=%20", "https://müller.example/ä?ö=ü"]
)
def test_an_address_that_can_be_called_has_no_fault(url: str) -> None:
    assert calls.fault_of(url) == ""


def test_a_name_that_leads_nowhere_is_a_fault() -> None:
    with pytest.raises(CallFailed, match=r"leads nowhere|looked up"):
        calls.post("http://nobody.invalid/", b"", {}, Bounds(5, 1024))
