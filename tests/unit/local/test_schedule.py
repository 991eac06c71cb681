import fcntl
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from kvjob.errors import ConfigurationError, ExitCode
from kvjob.local.board import Board
from kvjob.local.row import Row
from kvjob.records.budget import SUBMISSION, Budget
from kvjob.study import PlannedRun
from tests.unit.local.fake_trainer import Bench, Silent, alive

FIX = "Mend it"
QUICK = {
    "lost": Budget(4, FIX),
    "interrupted": Budget(4, FIX),
    "cuda-oom": Budget(5, FIX),
    "store": Budget(3, FIX, pause=0.2),
    "not-started": Budget(2, FIX),
}


def test_runs_start_in_the_order_of_the_plan_and_never_more_than_jobs_at_a_time(bench: Bench) -> None:
    runs = bench.plan(*[[[("sleep", 0.15)]]] * 7)
    outcome = bench.run(runs, jobs=3)
    # Starts are noted by the trainers themselves, so those that start together may swap.
    assert sorted(bench.notes("start")[:3]) == [1, 2, 3]
    width = highest = 0
    for word, *_ in sorted(bench.journal(), key=lambda line: line[3]):
        width += {"start": 1, "end": -1}[word]
        highest = max(highest, width)
    assert highest == 3
    assert [run.status for run in outcome.runs] == ["done"] * 7
    assert outcome.exit_code == ExitCode.OK


def test_one_job_runs_the_plan_in_its_exact_order(bench: Bench) -> None:
    bench.run(bench.plan(*[[[]]] * 5), jobs=1)
    assert bench.notes("start") == [1, 2, 3, 4, 5]


def test_what_is_done_is_shown_and_not_started(bench: Bench) -> None:
    runs = bench.plan([[]], [[]])
    outcome = bench.run(runs, done={runs[0].key})
    assert bench.notes("start") == [2]
    assert [(run.status, run.attempts) for run in outcome.runs] == [("done", 0), ("done", 1)]


@pytest.mark.parametrize(
    ("code", "cause"),
    [(65, "data"), (70, "bug"), (78, "configuration"), (1, "bug"), (2, "bug"), (76, "exhausted")],
)
def test_what_a_retry_cannot_mend_is_not_retried_and_stops_nobody(
    bench: Bench, code: int, cause: str
) -> None:
    runs = bench.plan([[("print", "error: images/a.jpg: damaged"), ("exit", code)]], [[("sleep", 0.1)]], [[]])
    outcome = bench.run(runs)
    assert sorted(bench.notes("start")) == [1, 2, 3]
    assert [run.status for run in outcome.runs] == ["failed", "done", "done"]
    (failed,) = outcome.failed
    assert (failed.cause, failed.attempts, failed.message) == (cause, 1, "images/a.jpg: damaged")
    assert outcome.exit_code == ExitCode.RUNS_FAILED


@pytest.mark.parametrize(
    ("code", "cause", "attempts"), [(71, "cuda-oom", 5), (74, "store", 3), (75, "interrupted", 4)]
)
def test_each_cause_has_its_own_budget(bench: Bench, code: int, cause: str, attempts: int) -> None:
    outcome = bench.run(bench.plan([[("exit", code)]]), budgets=QUICK)
    assert (outcome.runs[0].status, outcome.runs[0].cause, outcome.runs[0].attempts) == (
        "failed",
        cause,
        attempts,
    )


def test_budgets_of_different_causes_do_not_mix(bench: Bench) -> None:
    codes = [71, 74, 75, 71, 74, 75, 71, 75, 71, 0]
    outcome = bench.run(bench.plan([[("exit", code)] for code in codes]), budgets=QUICK)
    assert (outcome.runs[0].status, outcome.runs[0].attempts) == ("done", 10)


def test_the_pause_before_a_retry_doubles_and_other_runs_use_it(bench: Bench) -> None:
    runs = bench.plan([[("exit", 74)], [("exit", 74)], []], [[]], [[]])
    bench.run(runs, jobs=1, budgets=QUICK)
    assert bench.notes("start")[:2] == [1, 2]
    assert sorted(bench.notes("start")) == [1, 1, 1, 2, 3]
    begun = [when for word, number, _, when in bench.journal() if (word, number) == ("start", 1)]
    assert begun[1] - begun[0] >= 0.2
    assert begun[2] - begun[1] >= 0.4


def test_a_trainer_that_got_further_has_its_budgets_anew(bench: Bench) -> None:
    further = [[("epochs", (epoch, epoch)), ("kill", 9)] for epoch in range(1, 7)]
    outcome = bench.run(bench.plan([*further, []]), budgets=QUICK)
    assert (outcome.runs[0].status, outcome.runs[0].attempts) == ("done", 7)


def test_a_trainer_killed_from_outside_is_started_again(bench: Bench) -> None:
    runs = bench.plan([[("kill", int(signal.SIGKILL))], []], [[("kill", int(signal.SIGSEGV))]])
    outcome = bench.run(runs, budgets=QUICK)
    assert (outcome.runs[0].status, outcome.runs[0].attempts) == ("done", 2)
    assert outcome.runs[1].message == "killed by SIGSEGV"
    assert outcome.runs[1].attempts == 4


def test_a_log_holds_every_attempt_with_a_heading_and_both_outputs(bench: Bench) -> None:
    runs = bench.plan([[("print", "first"), ("exit", 71)], [("print", "second")]])
    outcome = bench.run(runs, budgets=QUICK)
    bench.run(runs)
    text = outcome.runs[0].log.read_text()
    assert outcome.runs[0].log == bench.logs / f"{runs[0].key}.log"
    assert [line.split(",")[0] for line in text.splitlines() if line.startswith("---")] == [
        "--- attempt 1",
        "--- attempt 2",
        "--- attempt 1",
    ]
    assert text.index("first") < text.index("--- attempt 2") < text.index("second")


def test_all_attempts_of_one_call_and_of_no_other_are_one_submission(bench: Bench) -> None:
    runs = bench.plan([[("environment", [SUBMISSION]), ("exit", 71)], [("environment", [SUBMISSION])]], [[]])
    logs = [bench.run(runs, budgets=QUICK).runs[0].log for _ in range(2)]
    told = [line for line in logs[1].read_text().splitlines() if line.startswith(SUBMISSION)]
    assert len(told) == 3
    assert told[0] == told[1] != told[2]


def test_a_defect_is_told_by_the_exception_and_not_by_the_advice_after_it(bench: Bench) -> None:
    text = 'Traceback (most recent call last):\n  File "x.py", line 1\nValueError: too few\nerror: report it'
    outcome = bench.run(bench.plan([[("print", text), ("exit", 70)]]))
    assert outcome.runs[0].message == "ValueError: too few"


def test_a_silent_failure_is_told_by_its_exit_code(bench: Bench) -> None:
    assert bench.run(bench.plan([[("exit", 70)]])).runs[0].message == "exit code 70"


def test_a_trainer_is_told_its_threads_and_its_gpu(bench: Bench) -> None:
    names = ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "CUDA_VISIBLE_DEVICES"]
    runs = bench.plan(*[[[("environment", names), ("sleep", 0.3)]]] * 3, cpu_threads=3)
    outcome = bench.run(runs, jobs=3, gpus=["GPU-a", "GPU-b"])
    told = [run.log.read_text().splitlines()[-1] for run in outcome.runs]
    assert all(line.startswith("OMP_NUM_THREADS=3|MKL_NUM_THREADS=3|") for line in told)
    assert sorted(line.rpartition("=")[2] for line in told) == ["GPU-a", "GPU-a", "GPU-b"]


def test_progress_reaches_the_view(bench: Bench) -> None:
    bench.run(bench.plan([[("epochs", (1, 3)), ("tell", {"event": "phase", "name": "testing"})]]))
    assert bench.view.last is not None
    row = bench.view.last.rows[0]
    assert (row.state, row.epoch, row.epochs, row.iou, row.best_iou, row.loss) == (
        "done",
        3,
        12,
        0.5,
        0.6,
        0.25,
    )
    assert "testing" in {row.phase for row in bench.view.changed}


def test_a_diverged_run_is_done_and_says_so(bench: Bench) -> None:
    end = {"event": "end", "status": "diverged", "message": "the loss stopped being finite in epoch 3"}
    outcome = bench.run(bench.plan([[("tell", end)]]))
    assert (outcome.runs[0].status, outcome.runs[0].message) == ("done", end["message"])


def test_garbage_and_half_lines_in_the_pipe_are_passed_over(bench: Bench) -> None:
    acts = [
        (
            "write",
            'no json\n\n[1]\n{}\n{"event":"epoch","epoch":"x"}\n' + "\x00\xff" * 50 + "\n" + "x" * 70_000,
        ),
        ("write", "\n"),
        ("epochs", (1, 2)),
        ("write", '{"event":"epoch","epoch":9,"epo'),
        ("kill", int(signal.SIGKILL)),
    ]
    outcome = bench.run(bench.plan([acts, [("epochs", (3, 4))]]), budgets=QUICK)
    assert (outcome.runs[0].status, outcome.runs[0].attempts) == ("done", 2)
    assert bench.view.last is not None
    assert bench.view.last.rows[0].epoch == 4


class Stuck(Silent):
    """A terminal that takes no output until it is told to."""

    def __init__(self, release: Path) -> None:
        super().__init__()
        self._release = release

    def open(self, board: Board) -> None:
        while not self._release.exists():
            time.sleep(0.02)
        super().open(board)


def test_a_stuck_terminal_stops_no_trainer(bench: Bench) -> None:
    # 20 000 events are many times what a pipe holds; the view is released by the end of the last run.
    runs = bench.plan([[("flood", 20_000)]], [[("flood", 20_000)]], [[("sleep", 0.6)]])
    release = bench.folder / "released"
    bench.view = Stuck(release)

    def watch() -> None:
        bench.wait(lambda: len(bench.notes("end")) == 3)
        release.touch()

    watcher = threading.Thread(target=watch)
    watcher.start()
    outcome = bench.run(runs, jobs=2)
    watcher.join()
    assert release.exists()
    assert [run.status for run in outcome.runs] == ["done"] * 3


class Broken(Silent):
    def draw(self, board: Board, changed: Sequence[Row]) -> None:
        raise BrokenPipeError


def test_a_study_goes_on_unseen_when_its_terminal_is_gone(bench: Bench) -> None:
    bench.view = Broken()
    outcome = bench.run(bench.plan([[]], [[]]), jobs=1)
    assert [run.status for run in outcome.runs] == ["done", "done"]


def test_a_run_that_an_earlier_command_still_trains_is_waited_for(bench: Bench) -> None:
    runs = bench.plan([[]], [[("sleep", 0.3)]])
    bench.logs.mkdir()
    with (bench.logs / f"{runs[0].key}.log").open("ab") as log:
        fcntl.flock(log, fcntl.LOCK_EX)
        other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(0.5)"], stdout=log)
    outcome = bench.run(runs, jobs=1)
    other.wait()
    assert bench.notes("start") == [2, 1]
    assert [(run.status, run.attempts) for run in outcome.runs] == [("done", 1), ("done", 1)]


def test_a_command_that_does_not_exist_is_a_failure_of_its_run(bench: Bench) -> None:
    runs = bench.plan([[]])
    bench.command = lambda run: ["/no/such/program"]  # type: ignore[method-assign]
    outcome = bench.run(runs)
    assert outcome.runs[0].status == "failed"
    assert "No such file" in outcome.runs[0].message


def test_a_log_that_cannot_be_opened_is_a_failure_of_its_run_alone(bench: Bench) -> None:
    runs = bench.plan([[]], [[]])
    (bench.logs / f"{runs[0].key}.log").mkdir(parents=True)
    outcome = bench.run(runs, budgets=QUICK)
    assert [(run.status, run.cause) for run in outcome.runs] == [
        ("failed", "not-started"),
        ("done", "finished"),
    ]
    assert outcome.runs[0].message == "Is a directory"


def test_a_run_that_got_further_once_is_not_tried_for_ever_when_it_cannot_start(bench: Bench) -> None:
    runs = bench.plan([[("epochs", (1, 2)), ("kill", 9)]])
    log = bench.logs / f"{runs[0].key}.log"
    command = bench.command

    def spoil(run: PlannedRun) -> list[str]:
        """From the second attempt on, the log's place is taken."""
        if log.exists() and not log.is_dir():
            log.unlink()
            log.mkdir()
        return command(run)

    bench.command = spoil  # type: ignore[method-assign]
    outcome = bench.run(runs, budgets=QUICK)
    assert (outcome.runs[0].status, outcome.runs[0].cause) == ("failed", "not-started")
    assert outcome.runs[0].attempts == 3


def test_a_log_that_somebody_removed_stops_nothing(bench: Bench) -> None:
    runs = bench.plan([[("sleep", 0.5), ("exit", 70)]], [[("sleep", 0.8)]])
    remover = threading.Thread(target=lambda: bench.wait(lambda: remove(bench.logs / f"{runs[0].key}.log")))
    remover.start()
    outcome = bench.run(runs)
    remover.join()
    assert [run.status for run in outcome.runs] == ["failed", "done"]
    assert outcome.runs[0].message == "exit code 70"


def remove(path: Path) -> bool:
    """Whether it was there to be removed."""
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    return True


def test_zero_jobs_and_a_log_folder_that_is_a_file_are_refused(bench: Bench) -> None:
    runs = bench.plan([[]])
    with pytest.raises(ConfigurationError, match="Give 1 or more"):
        bench.run(runs, jobs=0)
    bench.logs.write_text("")
    with pytest.raises(ConfigurationError, match="Choose another folder"):
        bench.run(runs)
    assert bench.journal() == []


def test_signal_handlers_and_file_descriptors_are_left_as_they_were(bench: Bench) -> None:
    before = signal.getsignal(signal.SIGINT), len(list(Path("/proc/self/fd").iterdir()))
    bench.run(bench.plan([[("exit", 71)], []], [[]]), budgets=QUICK)
    assert (signal.getsignal(signal.SIGINT), len(list(Path("/proc/self/fd").iterdir()))) == before


def test_no_trainer_outlives_a_defect_of_the_scheduler(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Row:
        raise RuntimeError("a defect")

    monkeypatch.setattr("kvjob.local.schedule.advance", broken)
    with pytest.raises(RuntimeError, match="a defect"):
        bench.run(bench.plan([[("epochs", (1, 1)), ("sleep", 30)]], [[("sleep", 30)]]))
    assert not any(alive(pid) for _, _, pid, _ in bench.journal())
