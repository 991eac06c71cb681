"""A disk that is full while a run trains: a real one, with too little room."""

import subprocess

import pytest

from kvjob.errors import DiskFullError, Exhausted
from kvjob.experiments import load_study
from kvjob.prepare import prepare_study
from kvjob.records import layout
from kvjob.records.attempt import read_attempts
from kvjob.records.budget import BUDGETS, SUBMISSION
from kvjob.store import open_store
from kvjob.train import StopRequest, train_run


class Silent:
    def send(self, event, **facts):
        return

    def close(self):
        return


@pytest.fixture
def planned(tiny_data, tmp_path, monkeypatch):
    """A planned run whose folder is a file system of 4 MB, too small for its checkpoints."""
    monkeypatch.delenv(SUBMISSION, raising=False)
    store = open_store(str(tmp_path / "store"))
    study = load_study("optimizer", preset="smoke", base={"epochs": 2, "batch_size": 4})
    run = prepare_study(store, study, tiny_data, lambda done, total: None).plan.runs[0]
    folder = tmp_path / "store" / layout.run(run.key)
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk takes root")

    def train(**options):
        return train_run(store, study.name, run.key, tmp_path / "cache", Silent(), StopRequest(), **options)

    yield store, run.key, folder, train
    subprocess.run(["umount", folder], check=True)


def test_it_is_told_with_path_room_and_need_and_nothing_half_written_stays(planned):
    store, key, folder, train = planned
    with pytest.raises(DiskFullError, match=r"MB are free and \d+\.\d MB are to be written. Free some space"):
        train()
    (attempt,) = read_attempts(store, key)
    assert (attempt.cause, attempt.exit_code, attempt.saved) == ("disk-full", 74, 0)
    assert layout.run(key, "checkpoints/") in attempt.message
    assert not list(folder.glob("checkpoints/*/manifest.json"))
    assert not [path for path in folder.rglob("*") if path.is_file() and "part" in path.name]


def test_an_epoch_that_cannot_be_saved_does_not_give_the_budget_back(planned):
    store, key, folder, train = planned
    for _ in range(BUDGETS["disk-full"].most):
        with pytest.raises(DiskFullError):
            train()
    with pytest.raises(Exhausted, match="disk full, 3 times"):
        train()
    subprocess.run(["mount", "-o", "remount,size=64m", folder], check=True)
    assert train(again=True).status == "finished"
    assert [each.cause for each in read_attempts(store, key)] == [*["disk-full"] * 3, "finished"]


def test_a_full_disk_under_the_records_is_told_all_the_same(planned):
    store, key, folder, train = planned
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        while True:
            file.write(bytes(4096))
    with pytest.raises(DiskFullError, match="0.0 MB are free"):
        train()
    filler.unlink()
    assert read_attempts(store, key) == []
