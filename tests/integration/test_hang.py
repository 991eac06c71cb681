"""`kvjob train` that gets stuck in a step: ended, recorded with its stacks, and gone on with by the next."""

import os
import subprocess
import sys

from kvjob.records import layout
from kvjob.records.attempt import read_attempts
from kvjob.records.document import read_document
from kvjob.records.run import History
from kvjob.store import open_store
from tests.asking import ask
from tests.integration.study import make_plan

STUDY = (
    "{name: one, preset: smoke, base: {batch_size: 4, epochs: 4}, experiments: [{name: epochs, levels: [4]}]}"
)

STUCK = """
import sys, threading
from kvjob.cli import main
from kvjob.train import watchdog
from kvjob.train.epoch import Passes
watchdog.LOOK_SECONDS = 0.1
real, steps = Passes._step, [0]

def stuck_in_a_step(self, *arguments):
    steps[0] += 1
    if steps[0] == 6:
        threading.Event().wait()
    return real(self, *arguments)

Passes._step = stuck_in_a_step
main()
"""


def test_a_stuck_trainer_leaves_its_stacks_and_the_next_attempt_ends_the_run(tiny_data, tmp_path):
    store = open_store(str(tmp_path / "store"))
    key = make_plan(store, STUDY, tiny_data).runs[0].key
    train = ("train", key, "--study", "one", "--store", str(tmp_path / "store"))
    hung = subprocess.run(
        [sys.executable, "-c", STUCK, *train],
        env={**os.environ, "KVJOB_HANG_SECONDS": "5"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert hung.returncode == 75, hung.stderr
    assert "in stuck_in_a_step" in hung.stderr
    (attempt,) = read_attempts(store, key)
    assert (attempt.cause, attempt.exit_code, attempt.saved) == ("hang", 75, 1)
    assert "while training, epoch 2, step 1 of 4" in attempt.message
    assert "in stuck_in_a_step" in attempt.message
    assert ask(*train).code == 0
    assert [each.cause for each in read_attempts(store, key)] == ["hang", "finished"]
    assert read_attempts(store, key)[1].resumed_from == 1
    rows = read_document(store, layout.run(key, "history.json"), History).rows
    assert [row.epoch for row in rows] == [1, 2, 3, 4]
