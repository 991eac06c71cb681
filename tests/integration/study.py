"""Studies of seconds: the command line in processes of its own, as for a user, and training in this one."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kvjob.experiments import load_study
from kvjob.prepare import prepare_study
from kvjob.store import Store
from kvjob.study import Plan
from kvjob.train import StopRequest, make_reporter, train_run

SMALL = ("--preset", "smoke", "--set", "epochs=4", "--set", "batch_size=4")
"""A study of seconds whose runs still have epochs to be interrupted in."""


OPTIMIZER = ("run", "paper", "--only", "optimizer", *SMALL)
"""Its command line, but for the places."""


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "kvjob", *map(str, arguments)]


def kvjob(*arguments: object, timeout: float = 240, **environment: str) -> Done:
    """Run the command line to its end."""
    done = subprocess.run(
        command(*arguments),
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
    )
    assert "\x1b" not in done.stdout + done.stderr, "control characters without a terminal"
    return Done(done.returncode, done.stdout, done.stderr)


def make_plan(store: Store, study: str, data: Path, **options: Any) -> Plan:
    """Plan a study as `kvjob prepare` does; options are those of load_study."""
    return prepare_study(store, load_study(study, **options), data, lambda _done, _total: None).plan


def train_here(store: Store, study: str, plan: Plan, cache: Path) -> None:
    """Train every run of a plan in this process, which has imported torch already."""
    for run in plan.runs:
        train_run(store, study, run.key, cache, make_reporter(), StopRequest())


def outcome(store: Path) -> dict[str, bytes]:
    """All that two equal studies must have equal, byte for byte, by path in the store."""
    kept = ("model.safetensors", "history.json", "scores.csv", "result.json", "model.json", ".png")
    return {
        str(path.relative_to(store)): path.read_bytes()
        for path in sorted((store / "runs").rglob("*"))
        if path.is_file() and path.name.endswith(kept)
    }
