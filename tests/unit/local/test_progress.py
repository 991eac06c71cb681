from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvjob.local.board import Board
from kvjob.local.causes import cause_of, killed_by
from kvjob.local.estimate import may_stop_early, run_seconds_left, study_seconds_left
from kvjob.local.events import EpochDone, EventLines, Phase, Started, Stepped
from kvjob.local.fit import URGENT, fit
from kvjob.local.row import Row, advance
from kvjob.local.words import clock, printable, rate, ratio, roughly
from kvjob.records.budget import Budget
from tests.unit.local.fake_trainer import make_run

EPOCH = (
    '{"event":"epoch","epoch":3,"epochs":12,"iou":0.71,"best_iou":0.73,"best_epoch":2,"loss":0.12,'
    '"seconds":4.0,"images_per_second":80.9}\n'
)
STREAM = (
    '{"event":"phase","name":"loading"}\n{"event":"start","epoch":2,"epochs":12,"resumed_from":2}\n'
    '{"event":"step","epoch":3,"epochs":12,"step":5,"steps":13,"images_per_second":81.2}\n' + EPOCH
).encode()


def row(number: int = 1, **facts: object) -> Row:
    values = {"epochs": 12, **facts}
    return Row(make_run(number, epochs=12, early_stop_patience=6), Path("x.log"), **values)  # type: ignore[arg-type]


def board(*rows: Row, jobs: int = 2, now: float = 100.0) -> Board:
    return Board(rows, jobs, 0.0, now)


@given(st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_events_are_the_same_however_the_pipe_cuts_them(cuts: list[int]) -> None:
    lines = EventLines()
    places = [0, *sorted(cuts), len(STREAM)]
    events = [event for a, b in pairwise(places) for event in lines.feed(STREAM[a:b])]
    assert [type(event) for event in events] == [Phase, Started, Stepped, EpochDone]


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_no_bytes_in_the_pipe_are_an_error(chunks: list[bytes]) -> None:
    lines = EventLines()
    for chunk in chunks:
        list(lines.feed(chunk))
    assert len(list(lines.feed(b"\n" + STREAM))) >= 4


def test_a_line_without_end_takes_no_memory() -> None:
    lines = EventLines()
    for _ in range(100):
        assert list(lines.feed(b"x" * 65536)) == []
    assert len(lines._begun) <= 65536 * 2
    assert len(list(lines.feed(b"\n" + STREAM))) == 4


def test_a_row_follows_its_events() -> None:
    current = row(state="running", attempts=1)
    for event in EventLines().feed(STREAM):
        current = advance(current, event, now=10.0)
    assert (current.epoch, current.epochs, current.step, current.resumed_from) == (3, 12, 0, 2)
    assert current.phase == ""
    assert (current.loss, current.iou, current.best_iou, current.best_epoch) == (0.12, 0.71, 0.73, 2)
    assert (current.images_per_second, current.epoch_seconds) == (80.9, 4.0)


def test_a_retry_that_resumes_earlier_goes_back_with_its_epochs() -> None:
    start = Started(event="start", epochs=12, resumed_from=4)
    again = advance(row(state="running", epoch=5, step=3), start, 0.0)
    assert (again.epoch, again.resumed_from, again.step) == (4, 4, 0)


def test_every_exit_code_has_its_cause() -> None:
    expected = {
        "finished": [0],
        "data": [65],
        "bug": [70, 1, 2],
        "cuda-oom": [71],
        "store": [74],
        "interrupted": [75, -15, 143],
        "configuration": [78],
        "exhausted": [76],
        "hang": [-14, 142],
        "lost": [-9, -11, 137],
    }
    assert all(cause_of(code) == cause for cause, codes in expected.items() for code in codes)


def test_a_killed_process_is_told_by_its_signal() -> None:
    assert killed_by(-9) == killed_by(137) == "killed by SIGKILL (out of memory? then use fewer --jobs)"
    assert killed_by(-11) == "killed by SIGSEGV"
    assert killed_by(250) == "killed by signal 122"


def test_pauses_double_until_the_budget_is_spent() -> None:
    assert [Budget(4, "Mend it", pause=100.0).wait(ends) for ends in range(1, 5)] == [
        100.0,
        200.0,
        300.0,
        None,
    ]


def test_a_run_has_at_most_its_remaining_epochs_left() -> None:
    running = row(state="running", epoch=3, epoch_seconds=4.0, epoch_began=99.0, best_epoch=2)
    assert run_seconds_left(running, 100.0) == pytest.approx(9 * 4.0 - 1.0)
    assert may_stop_early(running)
    assert not may_stop_early(replace(running, best_epoch=6))


def test_in_the_first_epoch_its_steps_tell_the_time_left() -> None:
    running = row(state="running", step=5, steps=10, epoch_began=98.0)
    assert run_seconds_left(running, 100.0) == pytest.approx(12 * 4.0 - 2.0)
    assert run_seconds_left(row(state="running"), 100.0) is None
    assert run_seconds_left(row(), 100.0) is None


def test_nothing_is_estimated_before_anything_was_measured() -> None:
    assert study_seconds_left(board(row(1, state="running"), row(2))) is None


def test_waiting_runs_fill_the_jobs_one_after_the_other() -> None:
    running = row(1, state="running", epoch=6, epoch_seconds=2.0, epoch_began=100.0)
    rows = (running, *(row(number) for number in range(2, 5)))
    # 12 s for the running one, 24 s for each of the others: two jobs end at 36 s and 48 s.
    assert study_seconds_left(board(*rows)) == pytest.approx(48.0)
    assert study_seconds_left(board(*rows, jobs=1)) == pytest.approx(84.0)


def test_larger_inputs_and_smaller_shares_of_the_data_cost_in_proportion() -> None:
    running = row(1, state="running", epoch=11, epoch_seconds=2.0, epoch_began=100.0)
    large = Row(make_run(2, input_size=512, epochs=12), Path("x"), epochs=12)
    part = Row(make_run(3, train_fraction=0.25, epochs=12), Path("x"), epochs=12)
    assert study_seconds_left(board(running, large, jobs=1)) == pytest.approx(2 + 12 * 8)
    assert study_seconds_left(board(running, part, jobs=1)) == pytest.approx(2 + 12 * 0.5)


def test_before_any_run_is_done_the_start_of_those_that_train_tells_the_start_of_the_next() -> None:
    running = row(1, state="running", epoch=2, epoch_seconds=2.0, began=90.0, epoch_began=100.0)
    assert study_seconds_left(board(running, row(2), jobs=1)) == pytest.approx(10 * 2 + 6 + 12 * 2)


def test_runs_are_expected_to_stop_as_early_as_those_before_and_to_take_time_around_epochs() -> None:
    done = row(1, state="done", attempts=1, epoch=6, epoch_seconds=2.0, began=0.0, ended=17.0)
    assert study_seconds_left(board(done, row(2), jobs=1)) == pytest.approx(5 + 6 * 2)
    assert study_seconds_left(board(done)) == 0.0


@given(
    st.lists(st.sampled_from(["waiting", "running", "retry", "done", "failed", "interrupted"]), max_size=80),
    st.integers(0, 40),
)
def test_what_is_shown_fits_and_urgent_runs_come_first(states: list[str], room: int) -> None:
    rows = list(enumerate(states))
    shown, hidden = fit(rows, lambda item: item[1], room)
    assert len(shown) == min(room, len(rows))
    assert shown == sorted(shown)
    assert sum(hidden.values()) == len(rows) - len(shown)
    if any(hidden[name] for name in URGENT):
        assert all(state in URGENT for _, state in shown)


def test_around_the_running_runs_the_last_done_and_the_next_to_come_are_shown() -> None:
    states = ["failed", *["done"] * 20, "running", "running", *["waiting"] * 37]
    shown, hidden = fit(list(enumerate(states)), lambda item: item[1], 9)
    assert [place for place, _ in shown] == [0, 18, 19, 20, 21, 22, 23, 24, 25]
    assert hidden == {"done": 17, "waiting": 34}


def test_numbers_read_well() -> None:
    assert [clock(s) for s in (None, 0, 59.6, 725, 3723, 90_000, float("nan"))] == [
        "–", "0:00", "1:00", "12:05", "1:02:03", "1d 01h", "–",
    ]  # fmt: skip
    assert [roughly(s) for s in (0, 41, 55, 3600, 9000, 200_000)] == [
        "5 s", "45 s", "1 min", "60 min", "2.5 h", "2.3 days",
    ]  # fmt: skip
    assert [ratio(v) for v in (None, 0.7126, 1.0)] == ["–", "0.713", "1.000"]
    assert [rate(v) for v in (None, 8.123, 99.97, 1234.5)] == ["–", "8.1", "100", "1234"]
    assert printable(" a\x1b[31m\tb\n") == "a [31m b"
