"""`kvjob report --watch` as a process: what it prints, and how it ends."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kvjob.store import open_store
from tests.asking import ask
from tests.unit.cli.test_stopped import as_in_a_terminal
from tests.unit.report.example import finish, make_study


def command(*options: object) -> list[str]:
    return [sys.executable, "-m", "kvjob", "report", "paper", *map(str, options)]


def test_it_refreshes_the_report_and_ends_with_the_study(tmp_path: Path):
    store = open_store(str(tmp_path / "store"))
    plan = make_study(store, "optimizer")
    line = command("--watch", "--interval", 1, "--store", tmp_path / "store", "--out", tmp_path / "out")
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watch:
        first = watch.stderr.readline()
        refreshed = '<meta http-equiv="refresh" content="1">' in (tmp_path / "out/index.html").read_text()
        for run in plan.runs:
            finish(store, run, epochs=2, samples=0)
        out, err = watch.communicate(timeout=120)
    assert "0 of 3 runs finished, 3 missing; report made in" in first
    assert refreshed
    assert "3 of 3 runs finished; report made in" in err.splitlines()[-1]
    assert (watch.returncode, out) == (0, f"{tmp_path / 'out' / 'index.html'}\n")
    assert "http-equiv" not in (tmp_path / "out/index.html").read_text()


def test_ctrl_c_ends_it_with_75_and_a_whole_report(tmp_path: Path):
    make_study(open_store(str(tmp_path / "store")), "optimizer")
    line = command("--watch", "--store", tmp_path / "store", "--out", tmp_path / "out")
    with subprocess.Popen(line, stderr=subprocess.PIPE, text=True, preexec_fn=as_in_a_terminal) as watch:
        watch.stderr.readline()
        watch.send_signal(signal.SIGINT)
        _, said = watch.communicate(timeout=60)
    assert watch.returncode == 75
    assert said == "error: stopped; run the same command again to go on\n"
    page = (tmp_path / "out/index.html").read_text()
    assert page.endswith("</html>\n")
    assert "http-equiv" not in page
    assert {path.name for path in tmp_path.iterdir()} == {"store", "out"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--interval", 5), "error: --interval 5: is for a report that is watched. Give --watch with it."),
        (("--watch",), "no study 'paper' in this store"),
    ],
)
def test_what_is_asked_for_wrongly_is_refused(options, said, tmp_path: Path):
    asked = ask("report", "paper", *options, "--store", tmp_path / "store", "--out", tmp_path / "out")
    assert asked.code == 78
    assert said in asked.err
