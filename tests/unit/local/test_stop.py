import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kvjob.errors import ExitCode
from kvjob.local import stop, tether
from tests.unit.local.fake_trainer import Bench, Parent, alive

StartParent = Callable[..., Parent]


def test_ctrl_c_lets_every_trainer_save_and_starts_no_other(bench: Bench, parent: StartParent) -> None:
    runs = bench.plan(*[[[("epochs", (1, 2)), ("sleep", 60)]]] * 3)
    study = parent(runs, jobs=2)
    bench.wait(lambda: len(bench.notes("start")) == 2)
    study.signal(signal.SIGINT)
    code, ends, lines = study.finish(bench)
    assert code == ExitCode.INTERRUPTED
    assert sorted(bench.notes("saved")) == [1, 2]
    assert sorted(bench.notes("start")) == [1, 2]
    assert ends == ["interrupted interrupted 1", "interrupted interrupted 1", "interrupted interrupted 0"]
    assert "stopping: the trainers save and end" in lines


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_sigterm_and_sighup_do_the_same(bench: Bench, parent: StartParent, number: signal.Signals) -> None:
    study = parent(bench.plan([[("sleep", 60)]]), jobs=1)
    bench.wait(lambda: bench.notes("start") == [1])
    os.kill(study.pid, number)
    assert study.finish(bench)[0] == ExitCode.INTERRUPTED
    assert bench.notes("saved") == [1]


def test_a_second_ctrl_c_kills_trainers_that_do_not_end(bench: Bench, parent: StartParent) -> None:
    study = parent(bench.plan([[("deaf", None), ("sleep", 60), ("sleep", 60)]]), jobs=1)
    bench.wait(lambda: bench.notes("deaf") == [1])
    study.signal(signal.SIGINT)
    bench.wait(lambda: bench.notes("ignored") == [1])
    assert not study.ended()
    time.sleep(stop.SAME_PRESS_SECONDS + 0.1)
    study.signal(signal.SIGINT)
    code, ends, _ = study.finish(bench)
    assert code == ExitCode.INTERRUPTED
    assert ends == ["interrupted lost 1"]
    assert bench.notes("saved") == []


def test_one_press_that_arrives_twice_kills_nobody(
    bench: Bench, parent: StartParent, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Longer than any hiccup of a busy machine.
    monkeypatch.setattr(stop, "SAME_PRESS_SECONDS", 10.0)
    study = parent(bench.plan([[("sleep", 60)]]), jobs=1)
    bench.wait(lambda: bench.notes("start") == [1])
    for number in (signal.SIGINT, signal.SIGINT, signal.SIGTERM):
        study.signal(number)
        time.sleep(0.02)
    assert study.finish(bench)[0] == ExitCode.INTERRUPTED
    assert bench.notes("saved") == [1]


def test_a_run_that_fails_for_good_while_stopping_is_failed(bench: Bench, parent: StartParent) -> None:
    study = parent(bench.plan([[("deaf", None), ("sleep", 0.5), ("exit", 65)]], [[("sleep", 60)]]), jobs=2)
    bench.wait(lambda: bench.notes("deaf") == [1] and len(bench.notes("start")) == 2)
    study.signal(signal.SIGINT)
    code, ends, _ = study.finish(bench)
    assert code == ExitCode.INTERRUPTED
    assert [line.split()[0] for line in ends] == ["failed", "interrupted"]


def test_trainers_save_and_end_when_their_parent_is_killed(bench: Bench, parent: StartParent) -> None:
    study = parent(bench.plan(*[[[("sleep", 60)]]] * 2), jobs=2)
    bench.wait(lambda: len(bench.notes("start")) == 2)
    study.kill()
    bench.wait(lambda: len(bench.notes("saved")) == 2)
    bench.wait(lambda: not any(alive(pid) for _, _, pid, _ in bench.journal()), seconds=5)


def test_a_trainer_whose_parent_died_before_it_began_does_not_begin(tmp_path: Path) -> None:
    program = [sys.executable, "-I", "-S", tether.__file__, "1", "touch", str(tmp_path / "begun")]
    assert subprocess.run(program, check=False).returncode == ExitCode.INTERRUPTED
    assert not (tmp_path / "begun").exists()


def test_the_same_command_after_a_kill_waits_for_trainers_that_still_save(
    bench: Bench, parent: StartParent
) -> None:
    slow = [("deaf", None), ("sleep", 1.0), ("sleep", 1.0)]
    runs = bench.plan([slow, []])
    study = parent(runs, jobs=1)
    bench.wait(lambda: bench.notes("deaf") == [1])
    study.kill()
    outcome = bench.run(runs, jobs=1)
    assert outcome.runs[0].status == "done"
    words = [word for word, *_ in bench.journal() if word in ("start", "end")]
    assert words == ["start", "end", "start", "end"]
