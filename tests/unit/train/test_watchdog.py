"""A trainer that stands still is ended, and only such a one; always in a process of its own."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from inspect import signature
from typing import IO

import pytest

import kvjob.train
from kvjob.cli.train import train
from kvjob.train.watchdog import HANG_SECONDS

SCRIPT = f"""
import ctypes, sys, threading, time
from types import ModuleType, SimpleNamespace
# without what loads torch, which takes seconds
sys.modules["kvjob.train"] = ModuleType("kvjob.train")
sys.modules["kvjob.train"].__path__ = {list(kvjob.train.__path__)!r}
from kvjob.records.live import Live
from kvjob.train import watchdog
watchdog.LOOK_SECONDS = 0.05
watchdog.ALARM_SECONDS = 1.0
live = Live(run=SimpleNamespace(key="abc"), phase="training", steps=9)

def recorded(error):
    print("recorded", error.exit_code, error, error.stacks, flush=True)

def stuck_here():
    threading.Event().wait()

def move(seconds, pause=0.02):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        live.step, live.progressed = live.step + 1, time.time()
        time.sleep(pause)

with watchdog.Watchdog(live, float(sys.argv[1])) as dog:
    dog.record = recorded
    print("begun", flush=True)
{{acts}}
print("whole", flush=True)
"""


@dataclass
class Ended:
    code: int
    out: str
    err: str
    seconds: float


@dataclass
class Begun:
    """A process under a watchdog; what it says goes where reading some of it takes no more."""

    process: "subprocess.Popen[str]"
    err: IO[str]

    def end(self) -> Ended:
        begin = time.monotonic()
        out = self.process.stdout.read()
        code = self.process.wait(timeout=30)
        self.err.seek(0)
        return Ended(code, out, self.err.read(), time.monotonic() - begin)


def start(acts: str, seconds: float) -> Begun:
    script = SCRIPT.replace("{acts}", "\n".join(f"    {act}" for act in acts.split("; ")))
    err = tempfile.TemporaryFile("w+")  # noqa: SIM115  (read when the process has ended)
    line = [sys.executable, "-c", script, str(seconds)]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=err, text=True)
    assert process.stdout.readline() == "begun\n"
    return Begun(process, err)


def watched(acts: str, seconds: float = 0.5) -> Ended:
    return start(acts, seconds).end()


def test_a_stuck_step_is_recorded_with_the_stacks_and_ends_for_a_retry():
    ended = watched("move(0.5); stuck_here()")
    assert ended.code == 75
    assert re.search(r"recorded 75 run abc: nothing moved for \d s while training, epoch 1, step", ended.out)
    assert "thread 'MainThread', innermost call first:" in ended.out
    assert "in stuck_here" in ended.out
    assert ended.err.splitlines()[-1].startswith("error: run abc: nothing moved")
    assert "in stuck_here" in ended.err
    assert "whole" not in ended.out


def test_a_run_that_moves_is_left_alone():
    ended = watched("move(1.5)")
    assert (ended.code, ended.out, ended.err) == (0, "whole\n", "")


def test_silence_is_measured_by_the_pace_of_the_steps():
    # a step of 0.2 s has 10 s of silence before it is a hang, whatever the least silence is
    ended = watched("move(1.5, 0.2); time.sleep(2)", seconds=0.5)
    assert (ended.code, ended.out) == (0, "whole\n"), ended.err


def test_before_the_first_step_there_is_more_time():
    ended = watched("live.phase = 'loading'; time.sleep(0.8)")
    assert (ended.code, ended.out) == (0, "whole\n"), ended.err
    ended = watched("live.phase = 'loading'; stuck_here()")
    assert ended.code == 75
    assert ended.seconds > 1.0
    assert "while loading" in ended.out


@pytest.mark.parametrize("phase", ["saving", "testing"])
def test_what_follows_training_is_watched_too(phase):
    ended = watched(f"move(0.3); live.phase = '{phase}'; stuck_here()", seconds=0.2)
    assert ended.code == 75
    assert f"while {phase}" in ended.out


def test_a_store_that_is_asked_again_and_again_is_a_sign_of_life():
    asked = "[time.sleep(0.2) or setattr(live, 'alive', time.time()) for _ in range(9)]"
    ended = watched(f"move(0.3); live.phase = 'saving'; {asked}", seconds=0.3)
    assert (ended.code, ended.out) == (0, "whole\n"), ended.err


def test_a_process_that_was_paused_did_not_hang():
    begun = start("move(1.5)", 0.5)
    os.kill(begun.process.pid, signal.SIGSTOP)
    time.sleep(1.2)
    os.kill(begun.process.pid, signal.SIGCONT)
    ended = begun.end()
    assert (ended.code, ended.out) == (0, "whole\n"), ended.err


def test_native_code_that_keeps_pythons_lock_is_ended_by_the_kernel_with_stacks():
    ended = watched("move(0.3); ctypes.PyDLL(None).sleep(60)")
    assert ended.code == -signal.SIGALRM
    assert "most recent call first" in ended.err
    assert ended.seconds < 10


def test_a_record_that_hangs_too_does_not_keep_the_process():
    acts = "watchdog.RECORD_SECONDS = 0.3; dog.record = lambda error: stuck_here(); move(0.3); stuck_here()"
    ended = watched(acts)
    assert ended.code == 75
    assert ended.seconds < 10


def test_the_command_line_says_the_same_least_silence():
    assert signature(train).parameters["hang_seconds"].default == HANG_SECONDS


def test_zero_seconds_are_no_watchdog():
    ended = watched("print(*[thread.name for thread in threading.enumerate()])", seconds=0)
    assert ended.out == "MainThread\nwhole\n"
