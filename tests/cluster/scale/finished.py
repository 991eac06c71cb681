"""A store full of finished runs: one is trained, the others are its records with other numbers.

The copies stand in for training, which would take hours. They are as large as runs of a real study: EPOCHS
epochs, and as many test images as Kvasir-Instrument has. They have no weights, which nothing here reads.
"""

import random
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from kvjob.records import layout
from kvjob.records.attempt import Attempt, EpochTiming
from kvjob.records.document import Document, read_document
from kvjob.records.run import History, Result, RunRecord
from kvjob.store import Store, open_store
from kvjob.study import PlannedRun

EPOCHS = 50
TEST_IMAGES = 118
PIXELS = 64 * 64
WRITERS = 4

D = TypeVar("D", bound=Document)


@dataclass(frozen=True)
class Trained:
    """What a run that was really trained left in the store, by name below its key."""

    store: Store
    key: str
    files: Mapping[str, bytes]

    def read(self, name: str, kind: type[D]) -> D:
        return read_document(self.store, layout.run(self.key, name), kind)


def trained(folder: Path, key: str) -> Trained:
    """The records of a finished run in the store in that folder."""
    store, prefix = open_store(str(folder)), layout.run(key)
    names = [entry.key.removeprefix(prefix) for entry in store.list(prefix)]
    return Trained(store, key, {n: store.read(prefix + n) for n in names if not n.endswith(".safetensors")})


def fill(store: Store, run: Trained, planned: list[PlannedRun]) -> int:
    """Write the records of all planned runs in the likeness of run; the number of objects."""

    def write(one: PlannedRun) -> int:
        files = dict(likeness(run, one))
        for name, data in files.items():
            store.write(layout.run(one.key, name), data)
        return len(files)

    with ThreadPoolExecutor(WRITERS) as pool:
        return sum(pool.map(write, planned))


def likeness(run: Trained, planned: PlannedRun) -> Iterator[tuple[str, bytes]]:
    """The files of a run that was not trained; its result comes last, as in a real run."""
    chance = random.Random(planned.key)
    changed = {
        "config.json": run.read("config.json", RunRecord).model_copy(
            update={"key": planned.key, "config": planned.config}
        ),
        "history.json": longer(run.read("history.json", History), chance),
        "attempts/0001.json": slower(run.read("attempts/0001.json", Attempt)),
        "result.json": run.read("result.json", Result).model_copy(
            update={"key": planned.key, "epochs": EPOCHS}
        ),
    }
    yield "scores.csv", scores(chance)
    for name, data in run.files.items():
        if name not in changed and name != "scores.csv":
            yield name, data
    for name, document in changed.items():
        yield name, (document.model_dump_json(indent=1) + "\n").encode()


def longer(history: History, chance: random.Random) -> History:
    last = history.rows[-1]
    rows = [
        last.model_copy(
            update={
                "epoch": epoch,
                "best": epoch == 1,
                "train": last.train.model_copy(update={"loss": chance.random()}),
            }
        )
        for epoch in range(1, EPOCHS + 1)
    ]
    return history.model_copy(update={"rows": tuple(rows)})


def slower(attempt: Attempt) -> Attempt:
    def timing(epoch: int) -> EpochTiming:
        return attempt.epochs[-1].model_copy(update={"epoch": epoch})

    return attempt.model_copy(update={"epochs": tuple(map(timing, range(1, EPOCHS + 1)))})


def scores(chance: random.Random) -> bytes:
    """`scores.csv`: counts of pixels that a network of middling quality could have got."""
    lines = ["image,tp,fp,fn,tn"]
    for number in range(TEST_IMAGES):
        mask = chance.randrange(200, 1200)
        hit, wrong = int(mask * chance.uniform(0.6, 1)), chance.randrange(300)
        lines.append(f"image-{number:03},{hit},{wrong},{mask - hit},{PIXELS - mask - wrong}")
    return ("\n".join(lines) + "\n").encode()
