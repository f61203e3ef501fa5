"""The Python client does, step by step, what the embed does: embed/tests/vectors.test.ts plays the same."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.loadtest.client_player import Player

VECTORS = Path(__file__).parents[2] / "vectors"


def scenarios() -> list[Any]:
    return list(_scenarios())


def _scenarios() -> Iterator[Any]:
    for path in sorted(VECTORS.glob("*.json")):
        for scenario in json.loads(path.read_text()):
            yield pytest.param(scenario["steps"], id=f"{path.stem}: {scenario['name']}")


@pytest.mark.parametrize("steps", scenarios())
def test_a_scenario_is_played_as_it_is_written(steps: list[dict[str, Any]]) -> None:
    player = Player()

    for at, step in enumerate(steps):
        assert (at, player.play(step)) == (at, step.get("told", []))
        if "knows" in step:
            assert player.knows() == step["knows"]
