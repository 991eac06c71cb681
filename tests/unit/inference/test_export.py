"""An export is the run: it scores the whole test set as the trainer did, wherever it is opened."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest
import torch
import yaml
from PIL import Image
from typer.testing import CliRunner

from kvjob.cli.app import app
from kvjob.data import load
from kvjob.errors import ConfigurationError, DataError
from kvjob.inference.agreement import EXACT, ROUNDED, Found, agreement, find_test_set, tolerance
from kvjob.inference.choose import choose_run
from kvjob.inference.export import export_run
from kvjob.inference.model_file import open_model
from kvjob.inference.onnx_write import OPSET
from kvjob.inference.picture import read_picture
from kvjob.inference.record import CARD, ONNX, RECORD, TORCHSCRIPT, ExportRecord
from kvjob.inference.scored import Scored, read_scores
from kvjob.inference.torchscript_model import TorchScriptModel
from kvjob.inference.torchscript_write import write_torchscript
from kvjob.inference.trained import RunSegmenter, load_network
from kvjob.records.predictions import encode_predictions
from kvjob.study.scores import score_each

FILES = (TORCHSCRIPT, ONNX)


@pytest.fixture
def record(exported) -> ExportRecord:
    return ExportRecord.model_validate_json((exported / RECORD).read_bytes())


@pytest.fixture
def run(trained):
    return choose_run(trained.store, trained.baseline)


@pytest.fixture
def pack(trained, run, tmp_path):
    config = run.record.config
    return load(trained.store, run.record.dataset, config.resolution, config.input_size, tmp_path / "cache")


@pytest.mark.parametrize("name", FILES)
def test_every_test_image_has_the_trainers_scores(name, exported, trained, run, pack):
    scored = read_scores(trained.store, trained.baseline)
    found = find_test_set(open_model(exported / name), run, pack)
    counts = found.counts
    assert scored.counts[:, 0].sum() > 0, "a run that finds nothing would prove nothing"
    assert scored.counts[:, 1:3].sum() > 0, "nor would one that errs nowhere"
    assert (counts == scored.counts).all()
    assert (found.masks == scored.masks).all()
    for score, values in score_each(counts).items():
        assert (values == score_each(scored.counts)[score]).all()


def test_a_run_of_another_resolution_has_the_trainers_scores_too(trained, tmp_path):
    run = choose_run(trained.store, trained.shrunk)
    config = run.record.config
    assert (config.resolution, config.input_size) == (48, 64)
    torch.set_num_threads(config.cpu_threads)
    write_torchscript(load_network(trained.store, run), config, tmp_path / TORCHSCRIPT)
    pack = load(trained.store, run.record.dataset, 48, 64, tmp_path / "cache")
    counts = find_test_set(TorchScriptModel(tmp_path / TORCHSCRIPT), run, pack).counts
    assert (counts == read_scores(trained.store, trained.shrunk).counts).all()


@pytest.mark.parametrize("name", FILES)
def test_frames_as_they_were_taken_get_the_masks_of_the_run(name, exported, trained, run):
    of_run, of_file = RunSegmenter(trained.store, run), open_model(exported / name)
    for path in sorted((trained.data / "images").iterdir())[:6]:
        frame = read_picture(path)
        theirs, ours = of_run.segment(frame), of_file.segment(frame)
        assert ours.shape == frame.shape[:2]
        assert (ours != theirs).mean() < 1e-3


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("size", [(64, 64), (37, 200), (1, 1)])
def test_batches_of_any_size_are_taken(name, size, exported):
    frames = np.random.default_rng(0).integers(0, 256, (3, *size, 3), dtype=np.uint8)
    model = open_model(exported / name)
    mask, probability = model.run(frames)
    assert (mask.shape, mask.dtype) == ((3, *size), np.uint8)
    assert (probability.shape, probability.dtype) == ((3, 64, 64), np.float32)
    assert set(np.unique(mask)) <= {0, 1}
    assert np.abs(model.run(frames[1:2])[1][0] - probability[1]).max() < 1e-5


def test_the_onnx_file_is_whole_and_of_the_stated_version(exported):
    model = onnx.load(exported / ONNX, load_external_data=False)
    onnx.checker.check_model(model, full_check=True)
    assert [(each.domain, each.version) for each in model.opset_import] == [("", OPSET)]
    assert not any(tensor.external_data for tensor in model.graph.initializer)
    session = onnxruntime.InferenceSession(exported / ONNX, providers=["CPUExecutionProvider"])
    assert session.get_inputs()[0].shape == ["images", "height", "width", 3]


def test_the_record_tells_what_was_verified(record, exported, trained):
    assert set(record.files) == set(record.agreement) == set(FILES)
    for name, found in record.agreement.items():
        assert (found.images, found.identical, found.pixels_otherwise, found.by_pixel) == (4, 4, 0, True)
        assert found.pixels == 4 * 64 * 64
        assert record.files[name].size == (exported / name).stat().st_size
    assert (record.run.key, record.run.study, record.run.steered) == (trained.baseline, "small", False)
    assert record.data.origin == "synthetic"
    assert record.data.images == {"train": 14, "validation": 2, "test": 4}


def test_the_card_says_what_a_stranger_must_know(record, exported, trained):
    card = (exported / CARD).read_text()
    matter = yaml.safe_load(card.split("---\n")[1])
    assert matter["license"] == "apache-2.0"
    assert matter["pipeline_tag"] == "image-segmentation"
    results = matter["model-index"][0]["results"][0]
    assert results["dataset"]["revision"] == trained.plan.dataset
    assert len(results["metrics"]) == 10
    iou = record.test.mean_over_images["iou"]
    assert f"| IoU | {iou.value:.4f} | {iou.low:.4f} to {iou.high:.4f} |" in card
    assert iou.low <= iou.value <= iou.high
    for words in (
        "not a medical device",
        "Trained on drawn pictures",
        trained.baseline,
        "held-out",
        "seed 0",
    ):
        assert words in card
    assert "4 of 4" in card
    assert all(len(line) < 2000 for line in card.splitlines())


def python(code: str, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    line = [sys.executable, "-c", code]
    return subprocess.run(line, cwd=cwd, capture_output=True, text=True, timeout=240)


def without(module: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
    """`kvjob` with those arguments where module is not installed."""
    line = ["kvjob", *map(str, arguments)]
    blocked = f"import sys; sys.modules[{module!r}] = None; sys.argv = {line!r}"
    return python(f"{blocked}; from kvjob.cli import main; main()")


@pytest.mark.parametrize("library", ["onnxruntime", "torch"])
def test_the_cards_programs_run_as_printed_and_without_kvjob(library, exported, trained, tmp_path):
    programs = re.findall(r"```python\n(.*?)```", (exported / CARD).read_text(), re.DOTALL)
    program = next(each for each in programs if f"import {library}" in each)
    folder = Path(shutil.copytree(exported, tmp_path / "model"))
    shutil.copy(min((trained.data / "images").iterdir()), folder / "frame.jpg")
    done = python("import sys; sys.modules['kvjob'] = None\n" + program, cwd=folder)
    assert done.returncode == 0, done.stderr
    mask = np.asarray(Image.open(folder / "mask.png"))
    assert mask.shape == Image.open(folder / "frame.jpg").size[::-1]
    assert set(np.unique(mask)) <= {0, 255}


def kvjob(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments], standalone_mode=False)


@pytest.mark.parametrize("name", ["", *FILES])
def test_predict_with_a_file_writes_what_it_writes_with_the_run(name, exported, trained, tmp_path):
    image = min((trained.data / "images").iterdir())
    with_run = kvjob(
        "predict", image, "--store", trained.url, "--run", trained.baseline, "--out", tmp_path / "run"
    )
    with_file = kvjob("predict", image, "--model", exported / name, "--out", tmp_path / "file")
    assert with_file.output.replace("/file/", "/run/") == with_run.output
    for kind in ("mask", "overlay"):
        ours, theirs = (
            cv2.imread(str(tmp_path / folder / f"{image.stem}-{kind}.png")) for folder in ("file", "run")
        )
        assert (ours != theirs).mean() < 1e-3


def test_predict_with_onnx_needs_no_torch(exported, trained, tmp_path):
    image = min((trained.data / "images").iterdir())
    done = without("torch", "predict", image, "--model", exported, "--out", tmp_path / "masks")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / f"masks/{image.stem}-mask.png").exists()


@pytest.mark.parametrize(
    ("name", "missing", "extra"), [(ONNX, "onnxruntime", "onnx"), (TORCHSCRIPT, "torch", "train")]
)
def test_what_is_not_installed_is_named_with_its_extra(name, missing, extra, exported, tmp_path):
    done = without(missing, "predict", "none.jpg", "--model", exported / name, "--out", tmp_path / "masks")
    assert done.returncode == 78
    assert done.stderr == f"error: kvjob predict: '{missing}' is not installed. Install kvjob[{extra}].\n"


def test_a_file_that_was_changed_is_refused(exported, tmp_path):
    folder = Path(shutil.copytree(exported, tmp_path / "model"))
    data = bytearray((folder / ONNX).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / ONNX).write_bytes(data)
    with pytest.raises(DataError, match="not the file that was exported"):
        open_model(folder)


@pytest.mark.parametrize(
    ("name", "data", "error", "said"),
    [
        ("model.onnx", b"junk", DataError, "not an ONNX file"),
        ("model.pt", b"junk", DataError, "not a TorchScript file"),
        ("model.h5", b"junk", ConfigurationError, "neither the folder of an export"),
        ("model.onnx", None, DataError, "no such file"),
    ],
)
def test_what_is_no_model_is_refused(name, data, error, said, tmp_path):
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(error, match=said):
        open_model(tmp_path / name)
    with pytest.raises(ConfigurationError, match=r"not the folder of an export"):
        open_model(tmp_path)


def test_a_pickle_is_not_executed(tmp_path):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "sprung"),)

    torch.save(Trap(), tmp_path / "model.pt")
    with pytest.raises(DataError, match="not a TorchScript file"):
        open_model(tmp_path / "model.pt")
    assert not (tmp_path / "sprung").exists()


def test_a_model_file_and_a_run_are_not_named_together(exported, trained, tmp_path):
    done = kvjob("predict", "x.jpg", "--model", exported, "--run", "best", "--out", tmp_path)
    assert isinstance(done.exception, ConfigurationError)
    assert "needs no --run" in str(done.exception)


def refusing(trained, run, out, **options) -> str:
    with pytest.raises((ConfigurationError, DataError)) as refused:
        export_run(trained.store, run, None, out, out.parent / "cache", lambda doing: None, **options)
    return str(refused.value)


def test_a_folder_with_something_else_in_it_is_left_alone(trained, run, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    assert "not empty, and not an export" in refusing(trained, run, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_diverged_run_is_no_model(trained, run, tmp_path):
    result = run.result.model_copy(update={"status": "diverged", "message": "loss of epoch 3"})
    diverged = type(run)(run.record, result, run.environment, run.why)
    assert "diverged (loss of epoch 3)" in refusing(trained, diverged, tmp_path / "out")


def copied(trained, tmp_path):
    """The study in a store of its own, to be damaged."""
    from kvjob.store import open_store

    folder = Path(shutil.copytree(trained.url, tmp_path / "copy"))
    return type(trained)(open_store(str(folder)), str(folder), trained.plan, trained.data), folder


def test_a_model_that_scores_otherwise_is_refused_and_leaves_nothing(trained, run, tmp_path, monkeypatch):
    copy, folder = copied(trained, tmp_path)
    table = folder / f"runs/{trained.baseline}/scores.csv"
    head, first, *rest = table.read_text().splitlines()
    name, tp, fp, fn, tn = first.split(",")
    moved = f"{name},{int(tp) + 3},{int(fp)},{int(fn) - 3},{tn}"
    table.write_text("\n".join((head, moved, *rest)) + "\n")
    monkeypatch.setattr("kvjob.inference.export.write_onnx", lambda network, config, path: None)
    said = refusing(copy, run, tmp_path / "out")
    assert "model.torchscript.pt: 3 of 16,384 test pixels are not predicted as run" in said
    assert "allowed are 0.01%" in said
    assert not (tmp_path / "out").exists()


def test_predictions_of_another_size_are_not_compared(trained, run, tmp_path):
    copy, folder = copied(trained, tmp_path)
    path = folder / f"runs/{trained.baseline}/predictions.png"
    path.write_bytes(encode_predictions(np.zeros((4, 32, 32), np.bool_)))
    assert "predictions.png has masks of another size" in refusing(copy, run, tmp_path / "out")


def test_without_packs_the_way_out_is_named(trained, run, tmp_path):
    copy, folder = copied(trained, tmp_path)
    shutil.rmtree(folder / "datasets")
    said = refusing(copy, run, tmp_path / "out")
    assert "cannot be read to verify the export" in said
    assert "--no-verify" in said


def test_an_unverified_export_says_so(trained, run, tmp_path, monkeypatch):
    copy, folder = copied(trained, tmp_path)
    shutil.rmtree(folder / "datasets")
    monkeypatch.setattr(
        "kvjob.inference.export.write_onnx", lambda network, config, path: path.write_bytes(b"x")
    )
    record = export_run(copy.store, run, None, tmp_path / "out", tmp_path, lambda doing: None, verify=False)
    assert record.agreement == {}
    assert "**Not verified.**" in (tmp_path / "out" / CARD).read_text()
    assert json.loads((tmp_path / "out" / RECORD).read_bytes())["data"]["origin"] == "unknown"


def test_reduced_precision_is_given_more_room(run):
    assert tolerance(run) == EXACT
    gpu = run.environment.model_copy(update={"cuda": "13.0"})
    assert tolerance(type(run)(run.record, run.result, gpu, "")) == ROUNDED
    counts, masks = np.array([[10, 0, 0, 90]]), np.zeros((1, 10, 10), np.bool_)
    assert agreement(Found(masks, counts), Scored(("a",), counts), EXACT).holds
    assert not agreement(Found(masks, counts), Scored(("a",), np.array([[9, 0, 1, 90]])), EXACT).holds
    moved = Scored(("a",), counts, ~masks)
    assert agreement(Found(masks, counts), moved, EXACT).pixels_otherwise == 100, "counts alone do not tell"
