"""What a process writes is remembered, and goes where it went before."""

import subprocess
import sys

from kvjob.records.failure import last_lines, without_secrets
from kvjob.train import tee

WRITES = """
import os, sys, types
# the package without torch, which takes seconds to import and has no part in this
sys.modules["kvjob.train"] = types.ModuleType("kvjob.train")
sys.modules["kvjob.train"].__path__ = ["kvjob/train"]
from kvjob.train.output import Output
with Output() as output:
    for number in range(600):
        print("line", number)
    sys.stdout.flush()
    os.write(2, b"from native code\\n")
    os.write(1, b"and last\\n")
    {then}
    kept = output.text()
open({file!r}, "w").write(kept)
print("after")
"""


def write(tmp_path, then="pass", **streams):
    file = tmp_path / "kept"
    code = WRITES.format(then=then, file=str(file))
    done = subprocess.run([sys.executable, "-c", code], timeout=60, stdin=subprocess.DEVNULL, **streams)
    return done, file.read_text() if file.exists() else ""


def test_all_reaches_the_pipe_in_order_and_the_last_500_lines_are_remembered(tmp_path):
    done, kept = write(tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    lines = done.stdout.splitlines()
    # both go to one pipe, so that their order is that of writing
    assert [line for line in lines if line.startswith("line")] == [f"line {number}" for number in range(600)]
    assert lines[-4:] == ["line 599", "from native code", "and last", "after"]
    assert len(kept.splitlines()) == 500
    assert kept.splitlines()[-1] == "and last"


def test_streams_that_are_apart_stay_apart(tmp_path):
    done, kept = write(tmp_path, capture_output=True, text=True)
    assert done.stderr == "from native code\n"
    assert "native" not in done.stdout
    assert "from native code" in kept


def test_what_was_written_to_a_file_is_read_from_it(tmp_path):
    log = tmp_path / "log"
    log.write_text("of an earlier attempt\n")
    with log.open("ab") as stream:
        _, kept = write(tmp_path, stdout=stream, stderr=subprocess.STDOUT)
    assert kept.splitlines()[-1] == "and last"
    assert "earlier" not in kept
    assert len(kept.splitlines()) == 500


def test_what_a_process_killed_at_once_wrote_is_passed_on(tmp_path):
    done, _ = write(tmp_path, "os.kill(os.getpid(), 9)", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == -9
    assert done.stdout.endswith(b"and last\n")


def test_a_child_that_outlives_it_holds_its_end_up_for_seconds_and_no_longer(tmp_path):
    then = "import subprocess; subprocess.Popen(['sleep', '20'])"
    done, _ = write(tmp_path, then, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert done.returncode == 0


def test_a_ring_holds_the_end_of_more_than_it_can(tmp_path):
    with (tmp_path / "ring").open("w+b") as file:
        total = 0
        whole = b""
        for number in range(300):
            data = f"{number:05}".encode() * 1500
            total = tee.remember(file.fileno(), total, data)
            whole += data
        assert total == len(whole) > tee.SIZE
        assert tee.recall(file.fileno()) == whole[-tee.SIZE :]
        tee.remember(file.fileno(), total, b"x" * (tee.SIZE + 5) + b"end")
        assert tee.recall(file.fileno()) == b"x" * (tee.SIZE - 3) + b"end"


def test_no_value_of_a_secret_variable_is_kept():
    environment = {"AWS_SECRET_ACCESS_KEY": "abc/def+123", "HF_TOKEN": "tok-en-tok", "LANG": "C.UTF-8"}
    text = "signed with abc/def+123 and tok-en-tok in C.UTF-8 at https://me:secret@host/"
    assert without_secrets(text, environment) == "signed with *** and *** in C.UTF-8 at https://***@host/"


def test_lines_are_kept_as_a_screen_shows_them_and_in_few_bytes():
    assert last_lines("a\r\n10%\r20%\r30%\nend") == "a\n30%\nend\n"
    assert last_lines("ä" * 100, most=10) == "ä" * 4 + "\n"
