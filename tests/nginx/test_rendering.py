"""What a deployment's environment becomes; that nginx takes it is what the other tests show."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from comments.supervision import nginx
from tests.nginx.instances import ORIGIN, SECRET


def push_settings(**changes: Any) -> nginx.PushSettings:
    given: dict[str, Any] = {
        "runtime": Path("/run/kibitz"),
        "listen": "443",
        "publish": "10.0.0.5:9081",
        "secret": SECRET,
        "origins": (ORIGIN,),
        "open_files": 20_000,
        **changes,
    }
    return nginx.PushSettings(**given)


def test_there_are_enough_workers_for_the_expected_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nginx, "cores", lambda: 4)

    assert push_settings(expected_readers=10_000).workers == 4

    many = push_settings(expected_readers=1_000_000)
    assert many.workers == 56
    assert many.workers * many.connections > 1_090_000
    assert many.connections <= many.open_files


def test_a_secret_or_an_origin_cannot_change_the_configuration() -> None:
    for secret in ('x" $uri "', "short", "$cookie_secret", "a;b;c;d;e;f"):
        with pytest.raises(ValueError, match="secret"):
            push_settings(secret=secret)
    for origin in ('https://a" 0; default 0; "', "comments.example.org", "https://a/b", "*", ""):
        with pytest.raises(ValueError, match="origin"):
            push_settings(origins=(origin,))


def test_a_limit_that_nginx_cannot_count_to_is_said() -> None:
    with pytest.raises(ValueError, match="65535"):
        push_settings(max_sockets_per_address=65_536)


def test_no_limit_means_no_limit() -> None:
    assert "limit_conn" not in nginx.render_push(push_settings(max_sockets_per_address=0))


def test_a_deployment_prints_its_own_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIBITZ_PUBLIC_URL", "https://comments.example.org/")
    monkeypatch.setenv("KIBITZ_PUSH_SECRET", SECRET)
    monkeypatch.setenv("KIBITZ_PUSH_LISTEN", "203.0.113.7:443")
    monkeypatch.setenv("KIBITZ_TLS_CERTIFICATE", "/etc/tls/$ssl_server_name.pem")
    monkeypatch.setenv("KIBITZ_TLS_KEY", "/etc/tls/key.pem")

    push = _printed("push")
    front = _printed("front")

    assert f'"{ORIGIN}" 0;' in push
    assert "listen 203.0.113.7:443 ssl reuseport" in push
    assert '"/etc/tls/$ssl_server_name.pem"' in push
    assert "listen 443 ssl http2" in front
    assert SECRET not in front


def test_half_a_certificate_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIBITZ_TLS_KEY", "/etc/tls/key.pem")

    with pytest.raises(ValueError, match="go together"):
        nginx.FrontSettings.from_environment()


def test_a_wrong_question_prints_how_to_ask(capsys: pytest.CaptureFixture[str]) -> None:
    assert nginx.main(["neither"]) == 2
    assert "front|push" in capsys.readouterr().err


def _printed(which: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "comments.supervision.nginx", which],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    ).stdout
