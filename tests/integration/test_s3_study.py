"""A whole study with S3 as its store, on the server that the chart brings."""

import json
from pathlib import Path

import pytest

from kvjob.records import layout
from kvjob.store import open_store
from tests.asking import ask
from tests.integration.study import kvjob, make_plan, train_here

ONE = "name: one\npreset: smoke\nbase: {batch_size: 4}\nexperiments: [{name: epochs, levels: [2]}]\n"


@pytest.fixture(scope="session")
def in_folder(tiny_data, tmp_path_factory) -> tuple[Path, Path]:
    """A study of one run, and the store it was trained into."""
    folder = tmp_path_factory.mktemp("folder")
    study = folder / "one.yaml"
    study.write_text(ONE)
    store = open_store(str(folder / "store"))
    train_here(store, "one", make_plan(store, str(study), tiny_data), folder / "cache")
    return study, folder / "store"


@pytest.mark.parametrize("running_server", ["minio"], indirect=True)
def test_a_study_over_s3_ends_with_the_bytes_of_one_in_a_folder(s3_url, in_folder, tiny_data, tmp_path):
    study, folder = in_folder
    url = f"{s3_url}/studies/mine"
    places = ("--data", tiny_data, "--store", url, "--logs", tmp_path, "--cache", tmp_path / "cache")
    done = kvjob("run", study, *places, "--out", tmp_path / "report")
    assert done.code == 0, done.err
    assert (tmp_path / "report/index.html").is_file()
    planned = json.loads(ask("plan", study, "--store", url, "--json").out)
    (run,) = planned["runs"]
    assert run["state"] == "done"
    there, here = open_store(url), open_store(str(folder))
    for name in (
        "history.json",
        "scores.csv",
        "predictions.png",
        "result.json",
        "best.json",
        "samples/index.json",
    ):
        key = layout.run(run["key"], name)
        assert there.read(key) == here.read(key)
    image = min((tiny_data / "images").iterdir())
    predicted = ask("predict", image, "--store", url, "--out", tmp_path / "masks")
    assert predicted.code == 0, predicted.err
    assert len(list((tmp_path / "masks").iterdir())) == 2
