"""Every mistake a user can make: one message, an exit code that tells, no traceback, nothing half-written.

A few are made in a process of its own, as a user makes them; the others in this one, which starts nothing.
"""

import json
import shutil
import subprocess
from pathlib import Path

import cv2
import pytest
import torch

from kvjob.errors import ConfigurationError
from kvjob.store import open_store
from tests.asking import Said, ask
from tests.integration.study import SMALL, Done, kvjob, make_plan, train_here


def refused(done: Done | Said, code: int, *said: str) -> None:
    assert done.code == code, done.err + done.out
    assert "Traceback" not in done.err + done.out
    message = done.err.strip().splitlines()[-1]
    assert message.startswith("error: ")
    for words in said:
        assert words in message


@pytest.fixture
def data(tiny_data, tmp_path) -> Path:
    """A data set of its own to damage."""
    return Path(shutil.copytree(tiny_data, tmp_path / "data"))


@pytest.fixture
def one_run(tmp_path) -> Path:
    """A study of a single run."""
    path = tmp_path / "one.yaml"
    path.write_text(
        "name: one\npreset: smoke\nbase: {epochs: 1}\nexperiments: [{name: epochs, levels: [1]}]\n"
    )
    return path


def words(data: Path, store: object, *more: str) -> tuple[object, ...]:
    only = ("--only", "optimizer") if "--only" not in more else ()
    return "run", "paper", *only, *SMALL, *more, "--data", data, "--store", store, "--out", data / "report"


def run(data: Path, store: object, *more: str) -> Said:
    return ask(*words(data, store, *more))


def test_a_refusal_is_the_last_line_and_the_exit_code_of_a_process(data, tmp_path):
    store = tmp_path / "store"
    refused(kvjob(*words(data, store, "--set", "epochs=many")), 78, "epochs 'many'", "valid integer")
    (data / "train.txt").unlink()
    refused(kvjob(*words(data, store)), 65, "train.txt")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("--set", "learning_rte=1"),
            ["base of study 'paper'", "unknown field 'learning_rte'", "learning_rate"],
        ),
        (("--set", "epochs=many"), ["epochs 'many'", "valid integer"]),
        (("--set", "batch_size=1"), ["batch_size 1", "BatchNorm", "2 to 4096"]),
        (("--set", "train_fraction=0.1"), ["train_fraction", "BatchNorm"]),
        (("--set", "epochs"), ["'epochs' sets nothing", "FIELD=VALUE"]),
        (("--preset", "huge"), ["unknown preset 'huge'", "full, cpu, smoke"]),
        (("--only", "optimiser"), ["no experiment 'optimiser'", "optimizer"]),
        (("--jobs", "0"), ["--jobs"]),
        (("--frobnicate",), ["--frobnicate"]),
    ],
)
def test_a_configuration_that_cannot_be_is_refused_before_anything_is_written(
    arguments, said, data, tmp_path
):
    refused(run(data, tmp_path / "store", *arguments), 78, *said)
    assert not list((tmp_path / "store").glob("runs/*"))
    assert not list((tmp_path / "store").glob("studies/*"))


def test_an_unknown_study_is_refused(data, tmp_path):
    done = ask("run", "papre", "--data", data, "--store", tmp_path / "store")
    refused(done, 78, "unknown study 'papre'", "paper, all-experiments")


def test_an_unknown_encoder_is_refused_by_its_trainer(one_run, data, tmp_path):
    store = open_store(str(tmp_path / "store"))
    plan = make_plan(store, str(one_run), data, base={"encoder": "resnet999"})
    with pytest.raises(ConfigurationError, match="encoder 'resnet999'"):
        train_here(store, "one", plan, tmp_path / "cache")


def test_an_empty_data_folder_is_named(tmp_path):
    (tmp_path / "empty").mkdir()
    refused(run(tmp_path / "empty", tmp_path / "store"), 65, "empty", "images/NAME.jpg", "kvjob data synth")


def test_a_damaged_jpeg_is_named(data, tmp_path):
    image = min((data / "images").iterdir())
    image.write_bytes(image.read_bytes()[:2000])
    refused(run(data, tmp_path / "store"), 65, f"images/{image.name}")
    checked = ask("data", "check", data)
    assert checked.code == 65
    assert f"error: images/{image.name}" in checked.out


def test_a_mask_of_another_size_is_named(data, tmp_path):
    path = min((data / "masks").iterdir())
    mask = cv2.imread(str(path))
    height, width = mask.shape[:2]
    cv2.imwrite(str(path), cv2.resize(mask, (width - 2, height)))
    refused(run(data, tmp_path / "store"), 65, f"masks/{path.name}", f"{width - 2}")


def test_an_unreachable_store_is_named(data):
    environment = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    done = kvjob("run", "paper", *SMALL, "--data", data, "--store", "s3://bucket/x", **environment, **keys)
    refused(done, 74, "s3://bucket/x", "127.0.0.1:9")


def test_an_unknown_kind_of_store_is_refused(data):
    refused(run(data, "ftp://somewhere/x"), 78, "ftp://", "s3://")


@pytest.mark.parametrize("running_server", ["minio"], indirect=True)
def test_wrong_credentials_and_a_missing_bucket_are_told_apart(data, s3_server, s3_url):
    refused(run(data, "s3://no-such-bucket/x"), 74, "no-such-bucket")
    variables = {"AWS_SECRET_ACCESS_KEY": "wrong", "AWS_MAX_ATTEMPTS": "1"}
    wrong = ask("run", "paper", *SMALL, "--data", data, "--store", s3_url, environment=variables)
    refused(wrong, 74, s3_url)
    assert "wrong" not in wrong.err


def test_a_full_disk_ends_with_74(data, small_disk):
    refused(run(data, small_disk), 74, "disk", "full")


def test_a_read_only_store_ends_with_74(data, small_disk):
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    refused(run(data, small_disk), 74, "disk", "read-only")


def test_weights_of_another_encoder_fail_the_run(one_run, data, tmp_path):
    path = tmp_path / "weights.pt"
    torch.save({"conv1.weight": torch.zeros(3)}, path)
    encoder = ("--set", "encoder=resnet18", "--set", f"encoder_weights={path}")
    places = (
        "--data",
        data,
        "--store",
        tmp_path / "store",
        "--logs",
        data / "logs",
        "--out",
        data / "report",
    )
    done = kvjob("run", one_run, *encoder, *places)
    assert done.code == 1
    assert "not weights of encoder 'resnet18'" in done.err


def test_weights_that_are_not_there_are_named(data, tmp_path):
    done = run(data, tmp_path / "store", "--set", "encoder_weights=/none/weights.pt")
    refused(done, 65, "encoder_weights /none/weights.pt", "no such file")


def test_a_store_written_by_a_newer_version_is_left_alone(data, tmp_path):
    store = tmp_path / "store"
    plan = store / "studies/paper/plan.json"
    plan.parent.mkdir(parents=True)
    plan.write_text(json.dumps({"format": 99, "anything": True}))
    for done in (
        ask("report", "paper", "--store", store, "--out", tmp_path / "report"),
        ask("status", "paper", "--store", store),
        ask("train", "abc", "--study", "paper", "--store", store),
    ):
        refused(done, 78, "newer kvjob", "format 99", "Upgrade kvjob")
    assert json.loads(plan.read_text()) == {"format": 99, "anything": True}


def test_prediction_without_a_run_or_an_image_says_so(data, tmp_path):
    store = tmp_path / "store"
    done = ask("predict", data / "images/none.jpg", "--store", store, "--out", tmp_path / "out")
    refused(done, 78, "no run of this store is finished")
    done = kvjob("export", "--store", store, "--out", tmp_path / "model")
    refused(done, 78, "no run of this store is finished", "kvjob run")
    assert not (tmp_path / "model").exists()
    refused(ask("status", "paper", "--store", store), 78, "no study 'paper'")
