"""Fixtures around the fake trainer."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kvjob.study import PlannedRun
from tests.unit.local.fake_trainer import Bench, Parent, alive


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    for _, _, pid, _ in made.journal():
        assert not alive(pid), "a trainer outlived its test"


@pytest.fixture
def parent(bench: Bench) -> Iterator[Callable[..., Parent]]:
    made: list[Parent] = []

    def start(runs: list[PlannedRun], jobs: int = 2) -> Parent:
        made.append(Parent(bench, runs, jobs))
        return made[-1]

    yield start
    for each in made:
        each.kill()
