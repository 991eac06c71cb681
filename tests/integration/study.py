"""Running the command line in processes of its own, as a user does."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

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


def outcome(store: Path) -> dict[str, bytes]:
    """All that two equal studies must have equal, byte for byte, by path in the store."""
    kept = ("model.safetensors", "history.json", "scores.csv", "result.json", "model.json", ".png")
    return {
        str(path.relative_to(store)): path.read_bytes()
        for path in sorted((store / "runs").rglob("*"))
        if path.is_file() and path.name.endswith(kept)
    }
