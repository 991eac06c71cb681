"""Whatever is killed, whenever, on one machine: the same command again ends as if nothing had happened."""

import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path

from tests.integration.study import OPTIMIZER, command, outcome


def descendants(pid: int) -> list[int]:
    """The process and all below it."""
    tree: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        tree.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, ahead = [], [pid]
    while ahead:
        found.append(ahead.pop())
        ahead += tree.get(found[-1], [])
    return found


def start(folder: Path, data: Path) -> "subprocess.Popen[bytes]":
    arguments = ("--data", data, "--store", folder / "store", "--out", folder / "report", "--logs", folder)
    with (folder / "out.txt").open("ab") as out:
        return subprocess.Popen(
            command(*OPTIMIZER, *arguments),
            stdout=out,
            stderr=out,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )


def test_killed_at_random_moments_a_study_ends_with_the_same_bytes(undisturbed, tiny_data, tmp_path):
    chance = random.Random(20260101)
    kills = 0
    while True:
        study = start(tmp_path, tiny_data)
        while kills < 8 and study.poll() is None:
            time.sleep(chance.uniform(0.5, 6.0))
            family = descendants(study.pid)
            # a trainer most of the time, the parent now and then
            victim = family[0] if chance.random() < 0.3 else chance.choice(family)
            try:
                os.kill(victim, signal.SIGKILL)
                kills += 1
            except ProcessLookupError:
                continue
        if study.wait(timeout=240) == 0:
            break
        assert kills <= 8
    assert kills >= 3, "the study was over before it was disturbed enough to tell anything"
    assert outcome(tmp_path / "store") == outcome(undisturbed)
    for history in (tmp_path / "store").rglob("history.json"):
        epochs = [row["epoch"] for row in json.loads(history.read_text())["rows"]]
        assert epochs == list(range(1, len(epochs) + 1))
