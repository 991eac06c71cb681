"""Files of weights somebody wrote, their checksums with them: data, of which nothing is ever run."""

import hashlib
import json
import pickle
import struct
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from kvjob.errors import KvjobError
from kvjob.model.weights import load_encoder_weights
from kvjob.records.checkpoint import (
    MODEL,
    TRAINING,
    CheckpointManifest,
    CheckpointPointer,
    FileSum,
    best_epoch,
)
from kvjob.records.document import write_document
from kvjob.records.run import RunRecord
from kvjob.store import open_store
from kvjob.study import TrainConfig
from kvjob.train.checkpoint import Checkpoints
from kvjob.train.snapshot import history_of, load_model
from tests.asking import ask
from tests.unit.fuzz.hostile import NAMES, damaged, values

FUZZ = settings.get_profile("fuzz")
RAN = Path("/tmp/kvjob-was-here")


class Trap:
    def __reduce__(self):
        return RAN.touch, ()


def header(value: object, body: bytes = bytes(64)) -> bytes:
    data = value if isinstance(value, bytes) else json.dumps(value).encode("utf-8", "surrogatepass")
    return struct.pack("<Q", len(data)) + data + body


TENSOR = {"dtype": "F32", "shape": [4, 2], "data_offsets": [0, 32]}
SOUND = header(
    {"weight": TENSOR, "bias": {"dtype": "F32", "shape": [4], "data_offsets": [32, 48]}}, bytes(48)
)
TRICKS = (
    header({"weight": {"dtype": "F32", "shape": [10**10], "data_offsets": [0, 4 * 10**10]}}),
    header({"weight": {"dtype": "F32", "shape": [2**62, 2**62], "data_offsets": [0, 64]}}),
    header({"weight": {**TENSOR, "data_offsets": [32, 0]}}),
    header({"weight": {**TENSOR, "shape": [-4, -2]}}),
    header({"weight": {**TENSOR, "dtype": "O"}}),
    header({"weight": TENSOR}, bytes(32)),
    header({"__metadata__": {"state": "[" * 100_000}}, b""),
    header({"__metadata__": {"state": 1}}, b""),
    header(b"[" * 100_000),
    struct.pack("<Q", 10**10) + b"{}",
    struct.pack("<Q", 2**64 - 1),
    b"",
    pickle.dumps(Trap()),
)


@pytest.mark.parametrize("data", TRICKS, ids=range(len(TRICKS)))
def test_a_file_that_claims_what_it_does_not_hold_is_refused(data, memory):
    files = {MODEL: data, TRAINING: data}
    for read in (
        lambda: load_model(nn.Linear(2, 4), data),
        lambda: history_of(files),
        lambda: best_epoch(files),
    ):
        with pytest.raises(KvjobError):
            read()
    assert not RAN.exists()


@settings(FUZZ)
@given(data=damaged(SOUND))
def test_damage_to_weights_is_told(data):
    try:
        load_model(nn.Linear(2, 4), data)
    except KvjobError:
        return


@settings(FUZZ)
@given(state=values, text=st.booleans())
def test_a_state_of_another_kind_is_told(state, text):
    data = header({"__metadata__": {"state": json.dumps(state) if text else state}}, b"")
    for read in (history_of, best_epoch):
        try:
            read({TRAINING: data})
        except KvjobError:
            continue


@pytest.mark.parametrize("name", ["w.pt", "w.safetensors", "w.npy"])
@pytest.mark.parametrize("kind", ["pickle", "torch", *range(len(TRICKS))])
def test_encoder_weights_run_nothing(name, kind, tmp_path, memory):
    path = tmp_path / name
    if kind == "torch":
        torch.save({"weight": Trap()}, path)
    else:
        path.write_bytes(pickle.dumps({"weight": Trap()}) if kind == "pickle" else TRICKS[kind])
    with pytest.raises(KvjobError):
        load_encoder_weights(nn.Linear(2, 4), path, "linear")
    assert not RAN.exists()


def put(store, folder: str, data: bytes) -> None:
    for name in (MODEL, TRAINING):
        store.write(folder + name, data)
    known = FileSum(size=len(data), sha256=hashlib.sha256(data).hexdigest())
    manifest = CheckpointManifest(epoch=3, best=folder, files={MODEL: known, TRAINING: known})
    write_document(store, folder + "manifest.json", manifest)


@pytest.mark.parametrize("data", TRICKS, ids=range(len(TRICKS)))
def test_a_checkpoint_with_its_checksums_is_passed_over_if_it_holds_something_else(data, tmp_path):
    store = open_store(str(tmp_path))
    folder = "runs/abc/checkpoints/00003-01234567/"
    put(store, folder, data)
    write_document(store, "runs/abc/latest.json", CheckpointPointer(epoch=3, folder=folder, iou=0.5))
    found, warnings = Checkpoints(store, "abc").latest()
    assert found is None
    assert warnings


@pytest.mark.parametrize(
    "folder", ["../../x/", "/etc/", "runs/abc/checkpoints/../../def/checkpoints/x/", *NAMES]
)
def test_a_pointer_that_leads_elsewhere_is_passed_over(folder, tmp_path):
    store = open_store(str(tmp_path))
    text = json.dumps({"format": 1, "epoch": 3, "folder": folder, "iou": 0.5})
    store.write("runs/abc/latest.json", text.encode())
    store.write("runs/abc/best.json", text.encode())
    found, warnings = Checkpoints(store, "abc").latest()
    assert found is None
    assert len(warnings) == 1


@pytest.mark.parametrize(
    "encoder", ["tu-hf_hub:a/b", "tu-hf-hub:a/b", "tu-local-dir:/tmp", "../../x", "http://x", "a\nb"]
)
def test_no_encoder_is_an_address(encoder, tmp_path):
    store = open_store(str(tmp_path / "store"))
    record = RunRecord(key="abc", config=TrainConfig(), dataset="d", code="c").model_dump(mode="json")
    record["config"]["encoder"] = encoder
    store.write("runs/abc/config.json", json.dumps(record).encode())
    said = ask(
        "predict", "none.jpg", "--run", "abc", "--store", tmp_path / "store", "--out", tmp_path / "out"
    )
    assert said.code == 65
    assert "encoder" in said.err


@settings(FUZZ, max_examples=max(4, FUZZ.max_examples // 8))
@given(data=st.data())
def test_a_trainer_says_what_is_wrong_with_its_plan(data, tmp_path):
    key = data.draw(st.sampled_from([*NAMES, "abc"]))
    plan = data.draw(st.sampled_from([b"{}", b"", b"[" * 100_000, b'{"format": 1e400}', b"\xff"]))
    open_store(str(tmp_path)).write("studies/mine/plan.json", plan)
    assert ask("train", "--study", "mine", "--store", tmp_path, "--", key).code in (65, 78)
