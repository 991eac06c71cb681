"""The small image has no torch: all but training and prediction must work there."""

import subprocess
import sys

import pytest

BLOCKED = "import sys; sys.modules['torch'] = None; "


def python(code: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)


def test_every_floor_but_train_and_model_can_be_imported():
    floors = (
        "cli",
        "cluster.workflow",
        "cluster.look",
        "local",
        "report",
        "inference.model_file",
        "inference.choose",
        "observe",
        "prepare",
        "data",
        "experiments",
        "records",
        "study",
        "store",
    )
    done = python(BLOCKED + "; ".join(f"import kvjob.{floor}" for floor in floors))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "abc", "--study", "s"],
        ["predict", "image.jpg", "--out", "masks"],
        ["export", "--out", "model"],
    ],
)
def test_what_needs_torch_says_how_to_get_it(arguments, tmp_path):
    line = ["kvjob", *arguments, "--store", str(tmp_path)]
    done = python(f"{BLOCKED} sys.argv = {line!r}; from kvjob.cli import main; main()")
    assert done.returncode == 78
    assert done.stderr == f"error: kvjob {arguments[0]}: 'torch' is not installed. Install kvjob[train].\n"
