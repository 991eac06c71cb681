"""A store in memory that can be cleaned up, and the checkpoints of a run that really was trained."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

from kvjob.records import layout
from kvjob.records.checkpoint import CheckpointPointer
from kvjob.store import Entry, Unfinished
from kvjob.train.checkpoint import Checkpoints
from kvjob.train.snapshot import take
from tests.unit.report.example import MemoryStore
from tests.unit.train.test_snapshot import learner, train

EPOCHS = 6
OLD = timedelta(days=2)
KEY = "abc"


@dataclass(repr=False)
class Cabinet(MemoryStore):
    """Everything in it was written two days ago, unless `age` said otherwise at the time."""

    written: dict[str, datetime] = field(default_factory=dict)
    age: timedelta = OLD
    parts: list[Unfinished] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"Cabinet of {sorted(self.objects)}"

    def write(self, key: str, data: bytes) -> None:
        super().write(key, data)
        self.written[key] = datetime.now(UTC) - self.age

    def list(self, prefix: str = "") -> Iterator[Entry]:
        self.reads[f"list {prefix}"] += 1
        keys = sorted(key for key in self.objects if key.startswith(prefix))
        return iter([Entry(key, len(self.objects[key]), self.written[key]) for key in keys])

    def unfinished(self) -> Iterator[Unfinished]:
        return iter(self.parts)

    def discard(self, unfinished: Unfinished) -> None:
        self.parts.remove(unfinished)

    def delete_all(self, keys: Iterable[str]) -> None:
        for key in keys:
            self.delete(key)

    def copy(self) -> "Cabinet":
        return Cabinet(dict(self.objects), written=dict(self.written), parts=list(self.parts))


class _Hoarder(MemoryStore):
    def delete(self, key: str) -> None:
        """Keep it."""


@cache
def trained() -> tuple[dict[str, bytes], tuple[CheckpointPointer, ...], tuple[int, ...]]:
    """All six checkpoints of a run, their pointers, and the best epoch as of each."""
    store = _Hoarder()
    checkpoints = Checkpoints(store, KEY)
    it, history, pointers, bests = learner("adam"), (), [], []
    for epoch in range(1, EPOCHS + 1):
        history = train(it, epoch, epoch, history)
        checkpoints.save(take(it, history))
        latest = store.objects[layout.run(KEY, "latest.json")]
        pointers.append(CheckpointPointer.model_validate_json(latest))
        bests.append(it.stopping.best_epoch)
    files = {key: data for key, data in store.objects.items() if "/checkpoints/" in key}
    return files, tuple(pointers), tuple(bests)
