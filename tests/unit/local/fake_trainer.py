"""A test double of the trainer, for scheduling only: it speaks the trainer's contract and trains nothing."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kvjob.errors import ExitCode
from kvjob.local.board import Board
from kvjob.local.lines import LinesView
from kvjob.local.row import Row
from kvjob.local.schedule import run_all
from kvjob.study import PlannedRun, Role, TrainConfig

FAKE = r"""
import json, os, signal, sys, time

key, folder = sys.argv[1], sys.argv[2]
journal = os.open(os.path.join(folder, "journal"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
pipe = int(os.environ["KVJOB_PROGRESS_FD"])


def note(word):
    os.write(journal, f"{word} {key} {os.getpid()} {time.monotonic()}\n".encode())


def tell(event, **facts):
    try:
        os.write(pipe, (json.dumps({"event": event, **facts}) + "\n").encode())
    except BrokenPipeError:
        pass


def save(number, frame):
    time.sleep(0.1)
    note("saved")
    print("error: stopped with its state saved", flush=True)
    os._exit(75)


signal.signal(signal.SIGTERM, save)
note("start")
with open(os.path.join(folder, "journal")) as lines:
    attempt = sum(line.startswith(f"start {key} ") for line in lines)
with open(os.path.join(folder, key + ".json")) as file:
    attempts = json.load(file)
for act, value in attempts[min(attempt, len(attempts)) - 1]:
    if act == "epochs":
        first, last = value
        tell("start", epoch=first - 1, epochs=12, resumed_from=first - 1)
        for epoch in range(first, last + 1):
            tell("step", epoch=epoch, epochs=12, step=1, steps=2, images_per_second=80.0)
            tell("epoch", epoch=epoch, epochs=12, iou=0.5, best_iou=0.6, best_epoch=1, loss=0.25,
                 seconds=0.01, images_per_second=81.2)
    elif act == "tell":
        tell(**value)
    elif act == "sleep":
        time.sleep(value)
    elif act == "print":
        print(value, flush=True)
    elif act == "write":
        os.write(pipe, value.encode())
    elif act == "flood":
        os.set_blocking(pipe, True)
        for step in range(value):
            tell("step", epoch=1, epochs=12, step=step, steps=value, images_per_second=1.0)
    elif act == "environment":
        print("|".join(f"{name}={os.environ.get(name)}" for name in value), flush=True)
    elif act == "deaf":
        signal.signal(signal.SIGTERM, lambda number, frame: note("ignored"))
        note("deaf")
    elif act == "kill":
        os.kill(os.getpid(), value)
    elif act == "exit":
        note("end")
        os._exit(value)
note("end")
"""

Acts = list[tuple[str, Any]]


def make_run(number: int, *, level: str = "", seed: int = 0, **config: Any) -> PlannedRun:
    """A planned run whose key is its number."""
    role = Role(experiment="resolution", level=level or str(number), baseline=False)
    return PlannedRun(key=f"{number:012x}", config=TrainConfig(seed=seed, **config), roles=(role,))


class Silent:
    """A view that shows nothing and keeps what it was given."""

    def __init__(self) -> None:
        self.changed: list[Row] = []
        self.last: Board | None = None

    def open(self, board: Board) -> None:
        self.last = board

    def draw(self, board: Board, changed: Any) -> None:
        self.changed.extend(changed)
        self.last = board

    def close(self, board: Board) -> None:
        self.last = board


class Bench:
    """A folder with fake trainers, and what became of them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.logs = folder, folder / "logs"
        (folder / "fake.py").write_text(FAKE)
        self.view = Silent()

    def plan(self, *attempts: list[Acts], **config: Any) -> list[PlannedRun]:
        """One run per argument, each with what its attempts do; the last of them repeats."""
        runs = [make_run(number, **config) for number in range(1, len(attempts) + 1)]
        for run, acts in zip(runs, attempts, strict=True):
            (self.folder / f"{run.key}.json").write_text(json.dumps(acts))
        return runs

    def command(self, run: PlannedRun) -> list[str]:
        return [sys.executable, "-I", "-S", str(self.folder / "fake.py"), run.key, str(self.folder)]

    def run(self, runs: list[PlannedRun], jobs: int = 2, **options: Any) -> Any:
        return run_all(runs, self.command, jobs, self.logs, self.view, **options)

    def journal(self) -> list[tuple[str, int, int, float]]:
        """What the trainers noted: word, number of the run, process id, time."""
        path = self.folder / "journal"
        lines = path.read_text().splitlines() if path.exists() else []
        return [
            (word, int(key, 16), int(pid), float(when))
            for word, key, pid, when in (line.split() for line in lines)
        ]

    def notes(self, word: str) -> list[int]:
        """Numbers of the runs that noted word, in order."""
        return [number for noted, number, _, _ in self.journal() if noted == word]

    def wait(self, condition: Callable[[], bool], seconds: float = 20.0) -> None:
        """Wait until condition holds."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"waited {seconds} s in vain; journal: {self.journal()}"
            time.sleep(0.02)


class Parent:
    """A process of its own that runs a study of fake trainers, so that it can be signalled and killed."""

    def __init__(self, bench: Bench, runs: list[PlannedRun], jobs: int) -> None:
        self._folder = bench.folder
        # A fork rather than a new interpreter, which would spend a second on imports in every test.
        self.pid = os.fork()
        if self.pid == 0:
            code = ExitCode.BUG
            try:
                code = self._run(bench, runs, jobs)
            finally:
                os._exit(code)
        self._code: int | None = None

    def _run(self, bench: Bench, runs: list[PlannedRun], jobs: int) -> ExitCode:
        os.setsid()
        for number in (signal.SIGINT, signal.SIGHUP):  # which tests in the background or under nohup ignore
            signal.signal(number, signal.SIG_DFL)
        with (self._folder / "lines").open("w") as lines:
            outcome = run_all(runs, bench.command, jobs, bench.logs, LinesView(lines, "paper"))
        ends = [f"{run.status} {run.cause} {run.attempts}\n" for run in outcome.runs]
        (self._folder / "ends").write_text("".join(ends))
        return outcome.exit_code

    def signal(self, number: signal.Signals) -> None:
        """As the terminal does it: to every process of the parent's group."""
        os.killpg(self.pid, number)

    def ended(self) -> bool:
        if self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self._code = os.waitstatus_to_exitcode(status) if pid else None
        return self._code is not None

    def finish(self, bench: Bench) -> tuple[int | None, list[str], str]:
        """Exit code, how each run ended, and the lines of the view."""
        bench.wait(self.ended)
        return (
            self._code,
            (self._folder / "ends").read_text().splitlines(),
            (self._folder / "lines").read_text(),
        )

    def kill(self) -> None:
        if not self.ended():
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self._code = -signal.SIGKILL


def alive(pid: int) -> bool:
    """Whether the process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
