"""A study of KVJOB_SCALE_RUNS runs, planned and with its first run trained."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cluster.scale.finished import Trained, trained
from tests.cluster.scale.measured import Cost, kvjob
from tests.cluster.scale.study import study_of


@dataclass(frozen=True)
class Prepared:
    """A study as `kvjob prepare` leaves it."""

    name: str
    runs: int
    file: Path
    cost: Cost
    items: str
    """What Argo fans out over, as `runs.json` has it."""
    first: Trained
    """The one run that was trained afterwards."""

    @property
    def keys(self) -> list[str]:
        return [item["key"] for item in json.loads(self.items)]


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    runs = int(os.environ.get("KVJOB_SCALE_RUNS", "200"))
    folder = tmp_path_factory.mktemp("prepared")
    file, store = folder / "study.yaml", folder / "store"
    study = study_of(runs)
    file.write_text(json.dumps(study))
    cost = prepare(file, store, folder / "plan")
    items = (folder / "plan/runs.json").read_text()
    key = json.loads(items)[0]["key"]
    kvjob("train", key, "--study", study["name"], "--store", store)
    return Prepared(study["name"], runs, file, cost, items, trained(store, key))


def prepare(file: Path, store: object, out: Path) -> Cost:
    """`kvjob prepare`, as the first step of a workflow runs it."""
    where = ("--data", "synthetic:20", "--store", store, "--out", out)
    return kvjob("prepare", file, "--gpus", 1, *where)
