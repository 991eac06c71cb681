import io
import os
import pty
import re
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from kvjob.local import choose_view
from kvjob.local.board import Board
from kvjob.local.lines import LinesView
from kvjob.local.row import Row
from kvjob.local.table import TableView, picture
from kvjob.local.view import is_live
from tests.unit.local.fake_trainer import Bench, make_run

LEVELS = ("64", "128", "512", "horizontal-flip", "brightness-contrast", "tu-mobilenetv3_large_100")


def study(count: int, running: int = 2, failed: int = 1, seeds: int = 1) -> Board:
    """A study in the middle of its work: a third done, then some running, one to retry, the rest waiting."""
    rows = []
    for number in range(count):
        run = make_run(number, level=LEVELS[number // seeds % 6], seed=number % seeds, epochs=12)
        rows.append(Row(run, Path(f"demo/logs/{run.key}.log"), epochs=12))
    third = count // 3
    for place in range(third):
        rows[place] = replace(
            rows[place], state="done", attempts=1, epoch=12, iou=0.61, best_iou=0.66, images_per_second=80.0
        )
    for place in range(failed):
        rows[place] = replace(rows[place], state="failed", attempts=4, message="killed by SIGKILL")
    for place in range(third, min(count, third + running)):
        rows[place] = replace(
            rows[place], state="running", attempts=1, epoch=3, step=5, steps=13, loss=0.1, iou=0.712,
            best_iou=0.731, best_epoch=2, images_per_second=81.2, epoch_seconds=5.0,
            epoch_began=998.0, began=980.0,
        )  # fmt: skip
    if third + running < count:
        rows[third + running] = replace(rows[third + running], state="retry", attempts=1, due=1004.0)
    return Board(tuple(rows), running, 900.0, 1000.0)


def draw(board: Board, width: int, height: int) -> list[str]:
    """The lines a terminal of that size would show."""
    console = Console(width=width, height=height, force_terminal=True, color_system=None, file=io.StringIO())
    with console.capture() as capture:
        console.print(picture(board, "paper", width, height))
    return capture.get().splitlines()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (60, 12), (200, 60)])
@pytest.mark.parametrize(
    ("count", "running", "seeds"), [(1, 1, 1), (13, 2, 1), (60, 2, 3), (60, 30, 3), (300, 8, 5)]
)
def test_the_table_fits_the_terminal_and_shows_what_runs(
    width: int, height: int, count: int, running: int, seeds: int
) -> None:
    lines = draw(study(count, running, failed=0, seeds=seeds), width, height)
    assert len(lines) < height
    assert max(map(len, lines)) <= width
    shown = sum("▸" in line for line in lines)
    assert shown == min(running, count, height - 6)


@pytest.mark.parametrize(("count", "width", "height"), [(13, 80, 24), (60, 80, 24), (60, 120, 40)])
def test_a_row_tells_epoch_scores_speed_and_time_left(count: int, width: int, height: int) -> None:
    lines = draw(study(count), width, height)
    running = next(line for line in lines if "▸" in line)
    assert re.search(r"3/12 +0\.712 +0\.731 +81\.2 +0:4\d", running)
    assert any("✗" in line and "failed" in line for line in lines)
    assert any("↻" in line and "in 0:04" in line for line in lines)
    assert "about" in lines[1]


def test_the_time_left_is_marked_as_a_bound_where_early_stopping_may_come_first() -> None:
    board = study(13)
    run = make_run(1, epochs=12, early_stop_patience=4)
    running = next(row for row in board.rows if row.state == "running")
    lines = draw(replace(board, rows=(replace(running, run=run),)), 80, 24)
    assert "≤0:4" in next(line for line in lines if "▸" in line)


def test_what_has_no_room_is_counted() -> None:
    lines = draw(study(60, seeds=3), 80, 24)
    hidden = re.search(r"and (\d+) done, (\d+) waiting", lines[-1])
    assert hidden is not None
    done, waiting = map(int, hidden.groups())
    assert 60 - done - waiting == len(lines) - 5
    assert "19 of 60 runs done · 2 running · 37 waiting · 1 to try again · 1 failed" in lines[0]


def test_every_row_is_shown_when_all_fit() -> None:
    board = study(13)
    lines = draw(board, 80, 24)
    assert len(lines) == 4 + 13
    assert not any("and " in line for line in lines[4:])


def test_the_table_says_that_it_is_stopping() -> None:
    board = replace(study(13), stopping="saving")
    assert "Ctrl-C again" in draw(board, 80, 24)[-1]
    stopped = replace(board, rows=tuple(replace(row, state="interrupted") for row in board.rows))
    assert "The same command goes on" in draw(stopped, 80, 24)[-1]


def test_a_diverged_run_is_not_drawn_as_a_success() -> None:
    done = replace(study(13).rows[1], diverged=True)
    assert any("diverged" in line for line in draw(replace(study(13), rows=(done,)), 80, 24))


def test_failures_stay_above_the_table_with_the_whole_path_of_their_log() -> None:
    stream = io.StringIO()
    console = Console(width=80, height=24, force_terminal=True, file=stream)
    view, board = TableView(console, "paper"), study(13)
    log = Path("/a/very/long/path" * 8) / "x.log"
    failed = replace(board.rows[0], log=log, message="[red]" + "why " * 40)
    view.open(board)
    view.draw(board, [failed])
    view.close(board)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())
    assert f"{failed.run.title}: [red]why why" in text
    assert max(map(len, text.splitlines()[:1])) <= 80
    assert f"log: {failed.log}" in text


def lines_of(*steps: tuple[Board, list[Row]]) -> list[str]:
    stream = io.StringIO()
    view = LinesView(stream, "paper")
    view.open(steps[0][0])
    for board, changed in steps:
        view.draw(board, changed)
    view.close(steps[-1][0])
    text = stream.getvalue()
    assert all(character.isprintable() or character == "\n" for character in text)
    assert all(re.match(r"\d\d:\d\d:\d\d ", line) for line in text.splitlines())
    return [line[9:] for line in text.splitlines()]


def test_lines_tell_start_epochs_and_end_of_a_run() -> None:
    waiting = Row(make_run(1, level="64", epochs=12), Path("logs/1.log"), epochs=12)
    start = replace(waiting, state="running", attempts=1)
    epoch = replace(
        start, epoch=3, loss=0.1234, iou=0.71, best_iou=0.73, best_epoch=2, images_per_second=81.2, began=0.0
    )
    again = replace(epoch, state="retry", message="killed\x1b[0m by SIGKILL".replace("\x1b", " "), due=None)
    done = replace(epoch, state="done", epoch=12, ended=64.0)
    boards = [Board((row,), 1, 0.0, 10.0 * n) for n, row in enumerate([waiting, start, epoch, again, done])]
    changes: list[list[Row]] = [[], [start], [epoch], [again], [done]]
    lines = lines_of(*zip(boards, changes, strict=True))
    assert lines == [
        "study    paper: 1 run, 1 at a time",
        "start    resolution=64 seed=0",
        "epoch    resolution=64 seed=0: 3/12, loss 0.1234, IoU 0.710 (best 0.730 in epoch 2), 81.2 img/s",
        "retry    resolution=64 seed=0: killed [0m by SIGKILL; trying again; log: logs/1.log",
        "done     resolution=64 seed=0: 12 epochs, best IoU 0.730 in epoch 2 in 1:04 (1 of 1 run done)",
        "study    paper: 1 done after 0:40",
    ]


def test_a_failure_names_its_message_and_its_log() -> None:
    failed = replace(study(13).rows[0], message="images/a.jpg: damaged")
    lines = lines_of((study(13), [failed]))
    assert f"FAILED   {failed.run.title}: images/a.jpg: damaged; log: {failed.log}" in lines


def test_epoch_lines_of_many_runs_come_slowly_and_starts_and_ends_always() -> None:
    board = study(60, running=20, failed=0)
    rows = [row for row in board.rows if row.state == "running"]
    steps = [(board, [replace(row, attempts=2) for row in rows])]
    for second in range(1, 41):
        now = replace(board, now=1000.0 + second)
        steps.append((now, [replace(row, attempts=2, epoch=3 + second) for row in rows]))
    steps.append((board, [replace(row, attempts=2, epoch=50, state="done") for row in rows]))
    words = [line.split()[0] for line in lines_of(*steps)]
    assert (words.count("start"), words.count("done")) == (20, 20)
    assert words.count("epoch") == 20


def test_lines_go_through_a_stream_that_knows_only_ascii() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    view = LinesView(stream, "paper")
    view.open(study(3))
    view.draw(study(3), [replace(study(3).rows[0], message="kein Gerät –")])
    stream.flush()
    assert b"kein Ger?t ?" in stream.buffer.getvalue()  # type: ignore[attr-defined]


def test_the_table_is_for_terminals_that_can_show_it(monkeypatch: pytest.MonkeyPatch) -> None:
    near, far = pty.openpty()
    with os.fdopen(near, "rb"), os.fdopen(far, "w", encoding="utf-8") as terminal:
        monkeypatch.setenv("TERM", "xterm-256color")
        monkeypatch.delenv("NO_COLOR", raising=False)
        assert is_live(terminal)
        monkeypatch.setattr("sys.stderr", terminal)
        assert isinstance(choose_view("paper"), TableView)
        monkeypatch.setenv("TERM", "dumb")
        assert isinstance(choose_view("paper"), LinesView)
        monkeypatch.setenv("TERM", "xterm-256color")
        monkeypatch.setenv("NO_COLOR", "1")
        assert not is_live(terminal)
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert not is_live(io.StringIO())


def test_a_real_study_in_lines(bench: Bench) -> None:
    stream = io.StringIO()
    bench.view = LinesView(stream, "paper")  # type: ignore[assignment]
    bench.run(bench.plan([[("epochs", (1, 2))]], [[("print", "error: \x1b[1mbad\x1b[0m"), ("exit", 65)]]))
    words = [line.split()[1] for line in stream.getvalue().splitlines()]
    assert words[0] == words[-1] == "study"
    assert sorted(words[1:-1]) == ["FAILED", "done", "epoch", "start", "start"]
    assert "\x1b" not in stream.getvalue()
