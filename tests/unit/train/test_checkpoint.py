"""Checkpoints in a store: what survives damage, and what is kept."""

import random
from pathlib import Path

import pytest

from kvjob.errors import DataError
from kvjob.records.checkpoint import MODEL, TRAINING, CheckpointPointer
from kvjob.records.document import read_document
from kvjob.store import open_store
from kvjob.train.checkpoint import Checkpoints
from kvjob.train.snapshot import history_of, take
from tests.unit.train.test_snapshot import learner, train

RUN = "runs/abc/"


@pytest.fixture
def saved(tmp_path):
    """A store after six epochs, and the folders of its checkpoints by epoch."""
    store = open_store(str(tmp_path / "store"))
    checkpoints = Checkpoints(store, "abc")
    it, history = learner("adam"), ()
    for epoch in range(1, 7):
        history = train(it, epoch, epoch, history)
        checkpoints.save(take(it, history))
    return store, checkpoints, it.stopping.best_epoch


def folders(store) -> dict[int, Path]:
    root = Path(store.url) / RUN / "checkpoints"
    return {
        int(path.name.split("-")[0]): path for path in root.iterdir() if (path / "manifest.json").exists()
    }


def test_the_last_two_and_the_best_stay(saved):
    store, _, best = saved
    assert set(folders(store)) == {5, 6, best}
    assert read_document(store, RUN + "latest.json", CheckpointPointer).epoch == 6
    assert read_document(store, RUN + "best.json", CheckpointPointer).epoch == best


def test_only_the_best_stays_when_a_run_is_over(saved):
    store, checkpoints, best = saved
    checkpoints.tidy(best)
    assert set(folders(store)) == {best}
    assert checkpoints.best(best).epoch == best


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[random.Random(0).randrange(len(data))] ^= 1
    path.write_bytes(data)


DAMAGES = {
    "a flipped bit in the weights": lambda folder: flip(folder / MODEL),
    "a flipped bit in the optimiser": lambda folder: flip(folder / TRAINING),
    "a truncated file": lambda folder: (folder / MODEL).write_bytes((folder / MODEL).read_bytes()[:-9]),
    "a missing file": lambda folder: (folder / TRAINING).unlink(),
    "a missing manifest": lambda folder: (folder / "manifest.json").unlink(),
    "a manifest that is not JSON": lambda folder: (folder / "manifest.json").write_text("{"),
    "a pointer to nothing": lambda folder: (folder.parents[1] / "latest.json").write_text(
        '{"format": 1, "epoch": 9, "folder": "runs/abc/checkpoints/00009-aaaaaaaa/", "iou": 0.5}'
    ),
    "a pointer out of the run": lambda folder: (folder.parents[1] / "latest.json").write_text(
        '{"format": 1, "epoch": 9, "folder": "runs/other/", "iou": 0.5}'
    ),
    "a pointer of another shape": lambda folder: (folder.parents[1] / "latest.json").write_text("[1]"),
    "no pointer at all": lambda folder: (folder.parents[1] / "latest.json").unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_falls_back_to_a_whole_one_and_says_why(saved, damage):
    store, checkpoints, _ = saved
    DAMAGES[damage](folders(store)[6])
    found, warnings = checkpoints.latest()
    expected = 6 if "pointer" in damage else 5
    assert found is not None
    assert found.epoch == expected == len(history_of(found.files))
    assert len(warnings) == (0 if damage == "no pointer at all" else 1)
    assert all("damaged" in warning or "not JSON" in warning for warning in warnings)


def test_a_checkpoint_whose_best_epoch_is_damaged_is_not_used(saved):
    store, checkpoints, best = saved
    flip(folders(store)[best] / MODEL)
    found, warnings = checkpoints.latest()
    assert found is None or found.epoch < best
    assert any(f"best epoch {best} has no whole checkpoint" in warning for warning in warnings)
    with pytest.raises(DataError, match=f"no whole checkpoint of best epoch {best}"):
        checkpoints.best(best)


@pytest.mark.parametrize("damaged", [False, True])
def test_a_lost_best_pointer_is_written_again_and_until_then_nothing_is_deleted(saved, damaged):
    store, checkpoints, best = saved
    before = set(folders(store))
    store.delete(RUN + "best.json")
    if damaged:
        store.write(RUN + "best.json", b"{")
    checkpoints.tidy(best)
    assert set(folders(store)) == before
    assert checkpoints.best(best).epoch == best
    assert read_document(store, RUN + "best.json", CheckpointPointer).epoch == best


def test_a_damaged_newest_checkpoint_that_was_the_best_costs_one_epoch(tmp_path):
    store = open_store(str(tmp_path / "store"))
    checkpoints = Checkpoints(store, "abc")
    it, history = learner("adam"), ()
    for epoch, best in enumerate((True, False, False, False, True), start=1):
        # the network of this test learns as it likes; which of its epochs was the best is what matters here
        it.stopping.best_iou = -1.0 if best else 2.0
        history = train(it, epoch, epoch, history)
        checkpoints.save(take(it, history))
    assert [row.best for row in history] == [True, False, False, False, True]
    assert set(folders(store)) == {1, 4, 5}
    flip(folders(store)[5] / MODEL)
    found, _ = checkpoints.latest()
    assert found is not None
    assert found.epoch == 4


def test_nothing_saved_is_nothing_found(tmp_path):
    assert Checkpoints(open_store(str(tmp_path)), "abc").latest() == (None, [])


def test_a_damaged_new_best_falls_back_to_the_checkpoint_before_with_its_own_best(tmp_path):
    store = open_store(str(tmp_path / "store"))
    checkpoints = Checkpoints(store, "abc")
    it, history, bests = learner("adam"), (), []
    for epoch in range(1, 30):
        history = train(it, epoch, epoch, history)
        checkpoints.save(take(it, history))
        bests.append(it.stopping.best_epoch)
        if len(bests) > 2 and bests[-1] == epoch and bests[-2] < epoch - 1:
            break
    flip(folders(store)[epoch] / MODEL)
    found, _ = Checkpoints(store, "abc").latest()
    assert found is not None
    assert (found.epoch, found.best) == (epoch - 1, f"{RUN}checkpoints/{folders(store)[bests[-2]].name}/")
