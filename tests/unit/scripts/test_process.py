"""What scripts/cluster starts and ends: plain processes here, outside any namespace."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

LIBRARY = Path(__file__).parents[3] / "scripts" / "cluster" / "lib"


class Shell:
    """Bash with the library read in, its processes recorded under `live`."""

    def __init__(self, live: Path) -> None:
        self.live = live

    def run(self, script: str) -> str:
        prologue = (
            f"set -euo pipefail; live={self.live}; source {LIBRARY}/say.sh; source {LIBRARY}/process.sh"
        )
        outside = 'inside_from_here() { exec setsid "$@"; }'
        command = ["bash", "-c", "\n".join((prologue, outside, script))]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout

    def recorded(self, name: str) -> tuple[int, str]:
        pid, moment = (self.live / "run" / f"{name}.pid").read_text().split()
        return int(pid), moment


def runs(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(") ")[2][0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    for folder in ("run", "log"):
        (tmp_path / folder).mkdir()
    shell = Shell(tmp_path)
    yield shell
    for record in (tmp_path / "run").iterdir():
        shell.run(f"finish {record.stem} 0")


def test_a_process_outlives_the_script_that_began_it_and_ends_when_finished(shell: Shell) -> None:
    shell.run("begin sleeper sleep 300")
    pid, _ = shell.recorded("sleeper")
    assert runs(pid)
    shell.run("alive sleeper && finish sleeper 5")
    assert not runs(pid)
    assert not (shell.live / "run" / "sleeper.pid").exists()


def test_beginning_what_runs_begins_nothing(shell: Shell) -> None:
    shell.run("begin sleeper sleep 300")
    before = shell.recorded("sleeper")
    shell.run("begin sleeper sleep 300")
    assert shell.recorded("sleeper") == before


def test_a_process_that_ignores_the_request_is_killed(shell: Shell) -> None:
    shell.run("""begin stubborn bash -c 'trap "" TERM; echo ready; while :; do sleep 1; done'
        until [[ -s $live/log/stubborn.log ]]; do sleep 0.05; done""")
    pid, _ = shell.recorded("stubborn")
    shell.run("finish stubborn 0")
    assert not runs(pid)


def test_another_program_with_a_recorded_id_is_neither_ours_nor_ended(shell: Shell) -> None:
    with subprocess.Popen(["sleep", "300"]) as stranger:
        try:
            moment = shell.run(f"started_at {stranger.pid}").strip()
            assert moment.isdigit()
            (shell.live / "run" / "ours.pid").write_text(f"{stranger.pid} {int(moment) - 1}\n")
            assert shell.run("alive ours && echo alive || echo dead").strip() == "dead"
            shell.run("finish ours 0")
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_a_name_with_brackets_does_not_hide_when_a_process_started(shell: Shell, tmp_path: Path) -> None:
    program = tmp_path / "a) (b 7"
    program.symlink_to("/usr/bin/sleep")
    with subprocess.Popen([program, "300"]) as process:
        try:
            stat = (Path("/proc") / str(process.pid) / "stat").read_text()
            assert shell.run(f"started_at {process.pid}").strip() == stat.rpartition(") ")[2].split()[19]
        finally:
            process.kill()


def test_waiting_says_what_did_not_come(shell: Shell) -> None:
    with pytest.raises(subprocess.CalledProcessError) as failure:
        shell.run("within 0 'the node' false")
    assert failure.value.returncode == 70
    assert "the node" in failure.value.stderr


def test_what_ended_at_once_is_not_taken_for_alive(shell: Shell) -> None:
    shell.run("begin failure false; sleep 0.2")
    assert shell.run("alive failure && echo alive || echo dead").strip() == "dead"
    (shell.live / "run" / "failure.pid").write_text("4194305 \n")
    assert shell.run("alive failure && echo alive || echo dead").strip() == "dead"
