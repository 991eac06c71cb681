"""What kvjob's own commands take on a study of hundreds and thousands of finished runs.

200 runs on an S3 server by default; 2,000, in a folder too, with KVJOB_SCALE_RUNS=2000. Times and memory are
printed, not judged. One run is trained, the others are made in its likeness: see `finished`.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kvjob.records.study import read_study
from kvjob.store import open_store
from tests.cluster.scale.conftest import Prepared, prepare
from tests.cluster.scale.finished import fill
from tests.cluster.scale.measured import MB, Cost, kvjob, size_of, table
from tests.integration.servers import start

PLACES = ["seaweedfs", "folder"] if "KVJOB_SCALE_RUNS" in os.environ else ["seaweedfs"]

pytestmark = pytest.mark.timeout(2400)


@pytest.fixture(params=PLACES)
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """Address of an empty store, in a folder or on a real S3 server."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "folder":
        yield str(folder)
        return
    with start(request.param, folder) as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        yield f"s3://{server.new_bucket()}"


def test_what_commands_take_when_all_runs_are_done(
    prepared: Prepared, place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    name, store, report = prepared.name, open_store(place), tmp_path / "report"
    costs = {"prepare": prepare(prepared.file, place, tmp_path / "plan")}
    objects = fill(store, prepared.first, list(read_study(store, name).plan.runs))

    costs["plan"] = kvjob("plan", prepared.file, "--store", place)
    assert f"{prepared.runs} runs of study {name!r}: {prepared.runs} done" in costs["plan"].out
    costs["status"] = kvjob("status", name, "--store", place, "--json")
    assert [run["state"] for run in json.loads(costs["status"].out)["runs"]] == ["done"] * prepared.runs
    costs["verdict"] = kvjob("verdict", name, "--store", place)
    costs["report"] = kvjob("report", name, "--store", place, "--out", report)
    assert json.loads((report / "report.json").read_text())["standings"] == {"finished": prepared.runs}

    with capsys.disabled():
        where = f"{objects} objects, {'S3' if place.startswith('s3:') else 'folder'}"
        print(table(f"{prepared.runs} finished runs, {where}", figures(costs, report)))


def figures(costs: dict[str, Cost], report: Path) -> dict[str, Any]:
    page = (report / "index.html").stat().st_size
    sizes = {"the report": f"{size_of(report) / MB:.1f} MB, its page {page / MB:.1f} MB"}
    return {**{f"kvjob {verb}": cost for verb, cost in costs.items()}, **sizes}
