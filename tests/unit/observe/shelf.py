"""A store in memory that knows when things were written, and that can be away; and expositions read back."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from prometheus_client.parser import text_string_to_metric_families

from kvjob.errors import StoreError
from kvjob.records import layout
from kvjob.records.attempt import Attempt, EpochTiming
from kvjob.records.document import write_document
from kvjob.store import Entry
from tests.unit.report.example import MemoryStore


@dataclass
class Shelf(MemoryStore):
    written: dict[str, datetime] = field(default_factory=dict)
    clock: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    away: bool = False

    def read(self, key: str) -> bytes:
        self._reach()
        return super().read(key)

    def write(self, key: str, data: bytes) -> None:
        super().write(key, data)
        self.clock += timedelta(seconds=1)
        self.written[key] = self.clock

    def list(self, prefix: str = "") -> Iterator[Entry]:
        self._reach()
        self.reads[f"list {prefix}"] += 1
        keys = sorted(key for key in self.objects if key.startswith(prefix))
        return iter([Entry(key, len(self.objects[key]), self.written[key]) for key in keys])

    def _reach(self) -> None:
        if self.away:
            raise StoreError("the server could not be reached", where="memory://store", fix="Try again")


Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def parse(page: bytes) -> Samples:
    """Every sample by its name and labels; a series that occurs twice is refused."""
    samples: Samples = {}
    for family in text_string_to_metric_families(page.decode()):
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in samples, f"twice: {key}"
            samples[key] = sample.value
    return samples


def find(samples: Samples, name: str, **labels: str) -> dict[tuple[tuple[str, str], ...], float]:
    """Values of the samples of that name that have these labels, by their other labels."""
    wanted = set(labels.items())
    return {
        tuple(sorted(have - wanted)): value
        for (each, have), value in samples.items()
        if each == name and wanted <= have
    }


def one(samples: Samples, name: str, **labels: str) -> float:
    """The value of the only such sample."""
    found = find(samples, name, **labels)
    assert len(found) == 1, f"{name} {labels}: {found}"
    return next(iter(found.values()))


def attempt(store, key: str, number: int = 1, **fields) -> Attempt:
    """Leave an attempt that was seen just now, with two epochs unless told otherwise."""
    now = datetime.now(UTC)
    phases = {"data": 1.0, "step": 6.0, "validation": 2.0, "checkpoint": 0.5}
    timings = tuple(EpochTiming(epoch=n, seconds=9, images_per_second=40 + n, phases=phases) for n in (1, 2))
    values = {"started": now - timedelta(seconds=30), "last_seen": now, "epochs": timings, **fields}
    record = Attempt(number=number, **values)
    write_document(store, layout.attempt(key, number), record)
    return record
