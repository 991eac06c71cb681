"""What holds of a study after whatever disturbed it, in processes and on a cluster."""

import os
import secrets
from pathlib import Path
from typing import Any

from kvjob.store import Store
from tests.integration.chaos.kept import kept
from tests.integration.chaos.rounds import Disturbed

RATES = (0.001, 0.002, 0.003, 0.004)


def study_of(runs: int, epochs: int) -> dict[str, Any]:
    """The study that is disturbed: so many runs of so many epochs, none of which ends early."""
    return {
        "name": "chaos",
        "preset": "smoke",
        "base": {"batch_size": 4, "epochs": epochs, "early_stop_patience": epochs},
        "experiments": [{"name": "learning_rate", "levels": list(RATES[:runs])}],
    }


def announced_seed(number: int) -> int:
    """The seed of a schedule of so many faults, and how to repeat it on the output."""
    seed = int(os.environ.get("KVJOB_CHAOS_SEED") or secrets.randbelow(2**31))
    print(f"\nKVJOB_CHAOS_SEED={seed} KVJOB_CHAOS_FAULTS={number}")
    return seed


class Promises:
    """Tests of fixtures `ended` and `undisturbed`."""

    runs: int
    epochs: int
    number: int
    """Of faults."""

    def test_every_run_ends_with_the_bytes_of_an_undisturbed_one(self, ended: Disturbed, undisturbed: Store):
        expected = kept(undisturbed)
        assert sum(key.endswith("/model.safetensors") for key in expected) == self.runs
        for found in ended.left:
            assert sorted(found) == sorted(expected)
            assert [key for key in expected if found[key] != expected[key]] == []

    def test_no_epoch_is_missing_or_double(self, ended: Disturbed):
        assert ended.epochs() == [list(range(1, self.epochs + 1))] * self.runs * len(ended.left)

    def test_an_interruption_costs_an_epoch_at_most_and_a_damaged_checkpoint_what_it_held(
        self, ended: Disturbed, capsys
    ):
        with capsys.disabled():
            print(ended.summary())
        if out := os.environ.get("KVJOB_CHAOS_OUT"):
            ended.write(Path(out))
        assert ended.amiss == []
        assert [step for step in ended.steps if step.repeated > step.allowed] == []
        assert len(ended.injections) == self.number
