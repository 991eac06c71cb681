"""One run from its key to its result, and every way it can end otherwise."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from kvjob.data import load
from kvjob.errors import ConfigurationError, DataError, ExitCode, Interrupted, StoreError
from kvjob.experiments import load_study, parse_study
from kvjob.prepare import prepare_study
from kvjob.records import layout
from kvjob.records.attempt import read_attempts
from kvjob.records.document import read_document
from kvjob.records.predictions import decode_predictions
from kvjob.records.run import History, ModelSummary, Result, SampleIndex
from kvjob.store import open_store
from kvjob.study.scores import mean_over_images, over_all_pixels
from kvjob.train import StopRequest, train_run
from kvjob.train.checkpoint import Checkpoints
from kvjob.train.epoch import Passes
from kvjob.train.run import CudaOutOfMemory


class Silent:
    """A reporter that nobody watches, and that can act on an event."""

    def __init__(self, act=lambda event, facts: None) -> None:
        self.send_to = act
        self.events: list[str] = []

    def send(self, event, **facts):
        self.events.append(event)
        self.send_to(event, facts)

    def close(self):
        return


@pytest.fixture
def planned(tiny_data, tmp_path):
    """Plan a study of one experiment; answers with its store, its plan and a way to train a run."""
    store = open_store(str(tmp_path / "store"))

    def plan(experiment: str = "optimizer", **base):
        fields = {"epochs": 2, "batch_size": 4, **base}
        study = load_study("paper", preset="smoke", only=[experiment], base=fields)
        record = prepare_study(store, study, tiny_data, lambda done, total: None)

        def train(index: int = 0, report=None, stop=None, **options):
            key = record.plan.runs[index].key
            places = store, "paper", key, tmp_path / "cache"
            return train_run(*places, report or Silent(), stop or StopRequest(), **options)

        return store, record.plan, train

    return plan


def test_a_run_leaves_all_that_the_report_needs(planned, tmp_path):
    store, plan, train = planned("augmentation")
    result = train(1)
    key = plan.runs[1].key
    assert (result.status, result.stopped, result.epochs) == ("finished", "epochs", 2)
    assert result.images == {"train": 14, "validation": 2, "test": 4}
    history = read_document(store, layout.run(key, "history.json"), History)
    assert [row.epoch for row in history.rows] == [1, 2]
    assert result.validation == history.rows[result.best_epoch - 1].validation
    rows = store.read(layout.run(key, "scores.csv")).decode().splitlines()
    assert rows[0] == "image,tp,fp,fn,tn"
    counts = np.array([[int(value) for value in row.split(",")[1:]] for row in rows[1:]])
    assert (counts.sum(axis=1) == 64 * 64).all()
    assert result.test.mean_over_images == mean_over_images(counts)
    assert result.test.over_all_pixels == over_all_pixels(counts)
    masks = decode_predictions(store.read(layout.run(key, "predictions.png")), 4, "predictions.png")
    pack = load(store, plan.dataset, 64, 64, tmp_path)
    truth = pack.masks[list(pack.manifest.test)].astype(bool)
    found = [(masks & truth), (masks & ~truth), (~masks & truth), (~masks & ~truth)]
    assert np.stack([part.sum(axis=(1, 2)) for part in found], axis=1).tolist() == counts.tolist()
    index = read_document(store, layout.sample(key, "index.json"), SampleIndex)
    assert len(index.samples) == 4
    for sample in index.samples:
        names = [name for field, name in sample.model_dump().items() if field != "name"]
        assert all(store.read(layout.sample(key, name)).startswith(b"\x89PNG") for name in names)
    assert read_document(store, layout.run(key, "model.json"), ModelSummary).parameters == 2_161_137
    (attempt,) = read_attempts(store, key)
    assert (attempt.cause, attempt.exit_code) == ("finished", 0)
    assert [timing.epoch for timing in attempt.epochs] == [1, 2]
    assert read_document(store, layout.run(key, "result.json"), Result) == result


def test_a_finished_run_is_not_trained_again(planned):
    store, plan, train = planned(epochs=1)
    first, report = train(), Silent()
    assert train(report=report) == first
    assert report.events == []
    assert len(read_attempts(store, plan.runs[0].key)) == 1


def test_early_stopping_ends_a_run_and_the_best_epoch_is_kept(planned):
    store, plan, train = planned(epochs=12, early_stop_patience=1, learning_rate=1e-9)
    result = train()
    assert result.stopped == "early-stopping"
    assert result.epochs == result.best_epoch + 1 < 12


def test_divergence_is_a_result_with_the_epochs_before_it(planned, monkeypatch):
    store, plan, train = planned(epochs=4)
    real = Passes.train

    def diverge(self, network, optimizer, indices, epoch):
        if epoch == 3:
            with torch.no_grad():
                next(network.parameters()).fill_(float("nan"))
        return real(self, network, optimizer, indices, epoch)

    monkeypatch.setattr(Passes, "train", diverge)
    result = train()
    assert (result.status, result.epochs) == ("diverged", 2)
    assert "epoch 3" in result.message
    assert result.test is not None
    assert read_attempts(store, plan.runs[0].key)[-1].exit_code == ExitCode.OK


def test_a_learning_rate_that_explodes_at_once_is_a_result_without_scores(planned, monkeypatch):
    store, plan, train = planned()

    def explode(self, network, optimizer, indices, epoch):
        with torch.no_grad():
            next(network.parameters()).fill_(float("nan"))
        return real(self, network, optimizer, indices, epoch)

    real = Passes.train
    monkeypatch.setattr(Passes, "train", explode)
    result = train()
    assert (result.status, result.epochs, result.best_epoch, result.test) == ("diverged", 0, 0, None)
    json.loads(store.read(layout.run(plan.runs[0].key, "result.json")))


def test_a_stop_request_saves_and_the_run_goes_on_to_its_end(planned):
    store, plan, train = planned(epochs=4)
    key, stop = plan.runs[0].key, StopRequest()
    report = Silent(
        lambda event, facts: stop._note(15, None) if event == "epoch" and facts["epoch"] == 2 else None
    )
    with pytest.raises(Interrupted, match="SIGTERM"):
        train(report=report, stop=stop)
    attempt = read_attempts(store, key)[-1]
    assert (attempt.cause, attempt.exit_code) == ("interrupted", 75)
    assert Checkpoints(store, key).latest()[0].epoch == 2
    train()
    assert read_attempts(store, key)[-1].resumed_from == 2
    assert len(read_document(store, layout.run(key, "history.json"), History).rows) == 4


def test_cuda_out_of_memory_halves_the_micro_batch_and_keeps_the_batch(planned, monkeypatch):
    store, plan, train = planned(batch_size=8, epochs=1)
    real = Passes._step

    def tight(self, network, pixels, masks, meter):
        if self._micro_batch > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(self, network, pixels, masks, meter)

    monkeypatch.setattr(Passes, "_step", tight)
    for micro in (8, 4):
        with pytest.raises(CudaOutOfMemory, match=f"with {micro} images at once"):
            train()
    assert train().status == "finished"
    attempts = read_attempts(store, plan.runs[0].key)
    assert [attempt.micro_batch for attempt in attempts] == [8, 4, 2]
    assert [attempt.exit_code for attempt in attempts] == [71, 71, 0]


def test_a_defect_keeps_its_traceback_and_is_not_resumed_silently(planned, monkeypatch):
    store, plan, train = planned()

    def defect(self, network, optimizer, indices, epoch):
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(Passes, "train", defect)
    with pytest.raises(ZeroDivisionError):
        train()
    (attempt,) = read_attempts(store, plan.runs[0].key)
    assert (attempt.cause, attempt.exit_code) == ("bug", 70)
    assert "ZeroDivisionError: a defect" in attempt.message


def test_a_store_that_fails_while_training_ends_the_attempt(planned, monkeypatch):
    store, plan, train = planned(epochs=3)
    real = Checkpoints.save

    def fail(self, snapshot):
        if snapshot.epoch >= 2:
            raise StoreError("gone", where="store", fix="Bring it back")
        real(self, snapshot)

    monkeypatch.setattr(Checkpoints, "save", fail)
    with pytest.raises(StoreError, match="gone"):
        train()
    attempt = read_attempts(store, plan.runs[0].key)[-1]
    assert (attempt.cause, attempt.exit_code) == ("store", 74)
    monkeypatch.undo()
    assert train().epochs == 3
    assert read_attempts(store, plan.runs[0].key)[-1].resumed_from == 1


def test_a_best_epoch_that_is_damaged_before_it_is_tested_is_trained_again(planned):
    store, plan, train = planned(epochs=3)
    key = plan.runs[0].key
    undamaged = train()
    kept = store.read(layout.run(key, "result.json"))
    for entry in list(store.list(layout.run(key))):
        store.delete(entry.key)

    def damage(event, facts):
        if facts.get("name") == "testing":
            best = Path(store.url) / json.loads(store.read(layout.run(key, "best.json")))["folder"]
            data = (best / "model.safetensors").read_bytes()
            (best / "model.safetensors").write_bytes(data[:-1] + bytes([data[-1] ^ 1]))

    with pytest.raises(DataError, match="no whole checkpoint of best epoch") as told:
        train(report=Silent(damage))
    assert told.value.exit_code == ExitCode.STORE
    assert read_attempts(store, key)[-1].cause == "store"
    assert train() == undamaged
    assert store.read(layout.run(key, "result.json")) == kept
    assert any("damaged" in warning for warning in read_attempts(store, key)[-1].warnings)


@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_a_damaged_newest_checkpoint_costs_an_epoch_and_is_told_in_the_attempt(planned, damage):
    store, plan, train = planned(epochs=3)
    key, stop = plan.runs[0].key, StopRequest()
    report = Silent(lambda event, facts: stop._note(15, None) if facts.get("epoch") == 2 else None)
    with pytest.raises(Interrupted):
        train(report=report, stop=stop)
    newest = Path(store.url) / json.loads(store.read(layout.run(key, "latest.json")))["folder"]
    data = (newest / "training.safetensors").read_bytes()
    spoiled = data[:-100] if damage == "cut" else data[:-1] + bytes([data[-1] ^ 1])
    (newest / "training.safetensors").write_bytes(spoiled)
    train()
    attempts = read_attempts(store, key)
    assert attempts[1].resumed_from == attempts[0].saved - 1 >= 0
    assert any(str(newest.name) in warning and "damaged" in warning for warning in attempts[1].warnings)
    rows = read_document(store, layout.run(key, "history.json"), History).rows
    assert [row.epoch for row in rows] == [1, 2, 3]


def test_an_attempt_that_vanished_is_marked_as_lost(planned):
    store, plan, train = planned(epochs=1)
    key = plan.runs[0].key
    train()
    record = read_attempts(store, key)[0]
    silent = record.model_copy(update={"cause": "running", "ended": None, "exit_code": None})
    store.write(layout.attempt(key, 1), silent.model_dump_json().encode())
    store.delete(layout.run(key, "result.json"))
    train()
    assert [attempt.cause for attempt in read_attempts(store, key)] == ["lost", "finished"]


@pytest.mark.parametrize("pack", ["images-64.npy", "masks-64.npy"])
def test_a_damaged_pack_is_named(planned, pack):
    store, plan, train = planned()
    path = Path(store.url) / layout.dataset(plan.dataset, pack)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)
    with pytest.raises(DataError, match=pack):
        train()
    assert read_attempts(store, plan.runs[0].key)[-1].exit_code == ExitCode.DATA


def test_weights_come_from_the_store_and_name_the_run_by_their_content(tiny_data, tmp_path):
    from kvjob.model import build
    from kvjob.study import TrainConfig

    store = open_store(str(tmp_path / "store"))
    keys = []
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        config = TrainConfig(encoder="tu-mobilenetv3_small_100", encoder_weights="none", seed=seed)
        path = tmp_path / folder / "weights.pt"
        path.parent.mkdir()
        torch.save(build(config).encoder.state_dict(), path)
        values = {
            "name": "w",
            "preset": "smoke",
            "experiments": ["optimizer"],
            "base": {"encoder_weights": str(path), "epochs": 1},
        }
        record = prepare_study(store, parse_study(values, "test"), tiny_data, lambda done, total: None)
        path.unlink()
        keys.append(record.plan.runs[0].key)
    assert keys[0] == keys[1] != keys[2]

    def train():
        return train_run(store, "w", keys[2], tmp_path / "cache", Silent(), StopRequest())

    weights = Path(store.url) / record.plan.runs[0].config.encoder_weights
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(DataError, match="damaged: their bytes"):
        train()
    weights.write_bytes(whole)
    assert train().status == "finished"


def test_a_plan_whose_data_a_cleanup_removed_while_it_was_written_is_told(planned, monkeypatch):
    store, plan, _ = planned()
    manifest, write = layout.dataset(plan.dataset, "manifest.json"), store.write

    def plan_then_clean(key, data):
        write(key, data)
        if key.endswith("plan.json"):
            store.delete(manifest)

    monkeypatch.setattr(type(store), "write", lambda _self, key, data: plan_then_clean(key, data))
    with pytest.raises(StoreError, match=f"{manifest}: removed by a `kvjob gc`.*Run the same command again"):
        planned()


def test_a_run_planned_with_other_code_is_refused(planned, monkeypatch):
    store, plan, train = planned()
    monkeypatch.setattr("kvjob.train.run.code_hash", lambda: "0123456789ab")
    with pytest.raises(ConfigurationError, match=f"planned with code {plan.code}.*Plan the study again"):
        train()
    assert read_attempts(store, plan.runs[0].key) == []


def test_a_run_of_another_study_is_refused(planned):
    store, plan, train = planned()
    with pytest.raises(ConfigurationError, match="no run 'abc'"):
        train_run(store, "paper", "abc", Path("cache"), Silent(), StopRequest())
