"""`./run chaos --short`: the commonest faults under load, and nothing is lost."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from comments.supervision.processes import tie_to_parent
from loadtest.chaos import SHORT
from tests.running import ROOT

MOST_SECONDS: Final = 300  # each half takes about 70 alone


@pytest.mark.parametrize("faults", [SHORT[::2], SHORT[1::2]], ids=["one half", "the other"])
def test_nothing_is_lost_doubled_or_out_of_order_while_parts_die(
    tmp_path: Path, faults: Sequence[str]
) -> None:
    results = tmp_path / "results.md"

    done = subprocess.run(
        [sys.executable, "-m", "loadtest.chaos", "--short", "--results", str(results), "--only", *faults],
        cwd=ROOT,
        env={**os.environ, "KIBITZ_STATE_DIR": str(tmp_path / "state")},
        capture_output=True,
        text=True,
        timeout=MOST_SECONDS,
        check=False,
        preexec_fn=tie_to_parent(signal.SIGTERM),
    )

    report = results.read_text() if results.exists() else ""
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{report}"
    for fault in faults:
        assert f"| {fault} | 1 |" in report
