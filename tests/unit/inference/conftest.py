"""A small study that was really trained, and one of its runs exported, once for all tests of a process."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kvjob.cli.app import app
from kvjob.experiments import parse_study
from kvjob.prepare import prepare_study
from kvjob.store import Store, open_store
from kvjob.study import Plan
from kvjob.train import StopRequest, train_run

STUDY = {
    "name": "small",
    "preset": "smoke",
    "base": {"epochs": 10, "batch_size": 4, "early_stop_patience": 10},
    "experiments": [{"name": "resolution", "levels": [48]}],
}


@dataclass(frozen=True)
class Trained:
    """A study of two runs: the baseline at 64 pixels, and one whose images are shrunk to 48 first."""

    store: Store
    url: str
    plan: Plan
    data: Path

    @property
    def baseline(self) -> str:
        return self.plan.runs[0].key

    @property
    def shrunk(self) -> str:
        return self.plan.runs[1].key


class Silent:
    def send(self, event, **facts):
        return

    def close(self):
        return


@pytest.fixture(scope="session")
def trained(tiny_data, tmp_path_factory) -> Trained:
    folder = tmp_path_factory.mktemp("trained")
    url = str(folder / "store")
    store = open_store(url)
    study = parse_study(STUDY, "small")
    plan = prepare_study(store, study, tiny_data, lambda done, total: None).plan
    for run in plan.runs:
        train_run(store, "small", run.key, folder / "cache", Silent(), StopRequest())
    return Trained(store, url, plan, tiny_data)


@pytest.fixture(scope="session")
def exported(trained, tmp_path_factory) -> Path:
    """The folder of the baseline's export, as the command line makes it."""
    out = tmp_path_factory.mktemp("export") / "model"
    line = ["export", "--run", trained.baseline, "--study", "small", "--store", trained.url, "--out", out]
    done = CliRunner().invoke(
        app, [*map(str, line), "--cache", str(out.parent / "cache")], standalone_mode=False
    )
    assert done.exception is None, done.exception
    said = done.stdout.splitlines()
    assert said[0] == f"run {trained.baseline}: chosen by its key"
    assert all("4 of 4 test images predicted as in training" in line for line in said[1:3])
    assert said[3:] == [str(out / "README.md")]
    return out
