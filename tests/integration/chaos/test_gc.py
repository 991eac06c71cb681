"""A cleanup without any time of grace, again and again, while a run trains, stops and goes on."""

import json
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from kvjob.records import layout
from kvjob.retention import find_waste, remove
from kvjob.store import CleanableStore, KeyMissing, open_store
from tests.integration.study import command, kvjob

EPOCHS = 6
ONE = (
    f"name: one\npreset: smoke\nbase: {{batch_size: 4, epochs: {EPOCHS}}}\n"
    f"experiments: [{{name: epochs, levels: [{EPOCHS}]}}]\n"
)
EQUAL = ("model.safetensors", "history.json", "scores.csv", "result.json", "model.json", ".png", "best.json")


@pytest.fixture(scope="module")
def undisturbed(tiny_data, tmp_path_factory) -> Path:
    """The store of a study of one run, trained without a cleanup."""
    folder = tmp_path_factory.mktemp("undisturbed")
    (folder / "one.yaml").write_text(ONE)
    places = ("--data", tiny_data, "--store", folder / "store", "--logs", folder, "--out", folder / "report")
    done = kvjob("run", folder / "one.yaml", *places)
    assert done.code == 0, done.err
    return folder / "store"


class Cleaner:
    """Cleans up until it is told to stop, and remembers every checkpoint it has seen."""

    def __init__(self, store: CleanableStore) -> None:
        self.store, self.seen, self.rounds = store, {}, 0
        self.removed: list[str] = []

    def round(self) -> None:
        for entry in self.store.list(layout.RUNS):
            if "/checkpoints/" in entry.key and entry.key not in self.seen:
                with suppress(KeyMissing):
                    self.seen[entry.key] = self.store.read(entry.key)
        found = find_waste(self.store, timedelta())
        self.removed += [waste.kind for waste in remove(self.store, found).removed]
        self.rounds += 1

    def leave(self) -> None:
        """As if the trainer had been killed before its last deletions, and in its last write."""
        for key, data in self.seen.items():
            self.store.write(key, data)
        half = min(self.seen).rpartition("/")[0][:-8] + "0badf00d/model.safetensors"
        self.store.write(half, b"half of it")


@contextmanager
def again_and_again(act: Callable[[], None]) -> Iterator[None]:
    over, errors = threading.Event(), []

    def work() -> None:
        while not over.wait(0.05) and not errors:
            try:
                act()
            except BaseException as error:
                errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    assert not errors, errors


def outcome(store: CleanableStore) -> dict[str, bytes]:
    return {entry.key: store.read(entry.key) for entry in store.list("runs/") if entry.key.endswith(EQUAL)}


def train_until(arguments: tuple[object, ...], epoch: int) -> int:
    """Train, and stop the trainer by SIGTERM after that epoch; its exit code."""
    with subprocess.Popen(
        command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as trainer:
        assert trainer.stdout is not None
        for line in trainer.stdout:
            if f"epoch {epoch}/{EPOCHS}" in line:
                trainer.send_signal(signal.SIGTERM)
                break
        trainer.communicate()
        return trainer.returncode


def trains_to_the_same_bytes(url: str, undisturbed: Path, cache: Path) -> None:
    store, done = open_store(url), open_store(str(undisturbed))
    for prefix in (layout.STUDIES, layout.DATASETS):
        for entry in done.list(prefix):
            store.write(entry.key, done.read(entry.key))
    (run,) = json.loads(done.read(layout.study("one", "plan.json")))["plan"]["runs"]
    arguments = ("train", run["key"], "--study", "one", "--store", url, "--cache", cache)
    cleaner = Cleaner(store)
    with again_and_again(cleaner.round):
        assert train_until(arguments, 4) == 75
        cleaner.leave()
        finished = kvjob(*arguments)
    assert finished.code == 0, finished.err
    assert outcome(store) == outcome(done)
    assert {"checkpoint", "incomplete-checkpoint"} <= set(cleaner.removed), (
        "nothing was there to be cleaned up"
    )
    assert cleaner.rounds > 10
    attempt = json.loads(store.read(layout.attempt(run["key"], 2)))
    assert attempt["resumed_from"] >= 4
    assert attempt["warnings"] == []
    cleaner.leave()
    cleaned = kvjob("gc", "--store", url, "--yes", "--grace", "0", "--json")
    assert cleaned.code == 0, cleaned.err
    assert json.loads(cleaned.out)["removed"]
    assert outcome(store) == outcome(done)
    assert json.loads(kvjob("gc", "--store", url, "--dry-run", "--grace", "0", "--json").out)["waste"] == []


def test_in_a_folder_a_run_ends_with_the_bytes_of_one_nobody_cleaned_up_after(undisturbed, tmp_path):
    trains_to_the_same_bytes(str(tmp_path / "store"), undisturbed, tmp_path / "cache")


@pytest.mark.parametrize("running_server", ["seaweedfs"], indirect=True)
def test_in_a_bucket_too(s3_url, undisturbed, tmp_path):
    trains_to_the_same_bytes(f"{s3_url}/studies", undisturbed, tmp_path / "cache")
