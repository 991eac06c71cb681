"""A command that is told to stop says so, and ends with the exit code that has it tried again."""

import signal
import subprocess
import sys
import time

import pytest


def as_in_a_terminal() -> None:
    """A shell starts what runs in the background with Ctrl-C ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_command_that_is_stopped_ends_with_75_and_one_message(number, tmp_path):
    line = [sys.executable, "-m", "kvjob", "data", "synth", str(tmp_path / "data"), "--images", "100000"]
    with subprocess.Popen(line, stderr=subprocess.PIPE, text=True, preexec_fn=as_in_a_terminal) as command:
        until = time.monotonic() + 60
        while not list(tmp_path.rglob("*.jpg")):
            assert time.monotonic() < until
            time.sleep(0.05)
        command.send_signal(number)
        _, said = command.communicate(timeout=60)
    assert command.returncode == 75
    assert said.strip().splitlines()[-1] == "error: stopped; run the same command again to go on"
    assert "Traceback" not in said
