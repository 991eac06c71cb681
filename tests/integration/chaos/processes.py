"""A study that trains in processes while it is disturbed: what a fault can reach of it."""

import os
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.integration.chaos.progress import Progress
from tests.integration.chaos.proxy import Proxy
from tests.integration.study import command


@dataclass
class Commands:
    """`kvjob run` of a study, started again whenever it ends without being done.

    Args:
        line: what follows `kvjob`.
        folder: receives what it prints.
        environment: variables beside this process's own.
    """

    line: tuple[object, ...]
    folder: Path
    environment: dict[str, str]
    codes: list[int] = field(default_factory=list)
    """Exit codes of those that ended."""

    def __post_init__(self) -> None:
        self.process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        with (self.folder / "out.txt").open("ab") as out:
            return subprocess.Popen(
                command(*self.line),
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                env={**os.environ, **self.environment},
            )

    def over(self) -> bool:
        """Whether the study is done; one that ended otherwise is run again."""
        code = self.process.poll()
        if code is None:
            return False
        self.codes.append(code)
        if code == 0:
            return True
        assert len(self.codes) < 60, f"run again and again to no end:\n{self.told()}"
        self.process = self._start()
        return False

    def told(self) -> str:
        return (self.folder / "out.txt").read_text(errors="replace")[-4000:]

    def end(self) -> None:
        """End it and its trainers, whatever they do."""
        pids = [self.process.pid, *trainers(self.process.pid).values()]
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
                os.kill(pid, signal.SIGKILL)
        self.process.wait()


@dataclass
class Processes(Progress):
    """A study under way, its store without the proxy, and the proxy."""

    study: Commands = field(kw_only=True)
    proxy: Proxy = field(kw_only=True)

    def over(self) -> bool:
        return self.study.over()

    def told(self) -> str:
        return self.study.told()

    def training(self) -> set[str]:
        return set(self.trainers())

    def trainers(self) -> dict[str, int]:
        """Process ids of the trainers by the key of their run."""
        return trainers(self.study.process.pid)


def trainers(parent: int) -> dict[str, int]:
    """Trainers that a process started, by the key of their run."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = stat.read_text().rsplit(")", 1)[1].split()
            words = (stat.parent / "cmdline").read_text().split("\0")
            if int(fields[1]) == parent and fields[0] != "Z" and "train" in words:
                found[words[words.index("train") + 1]] = int(stat.parent.name)
    return found
