"""What the studies of a store refer to."""

from dataclasses import dataclass
from threading import Lock

from kvjob.errors import ConfigurationError, DataError
from kvjob.records import layout
from kvjob.records.document import parse_document
from kvjob.records.snapshot import Snapshot
from kvjob.records.study import StudyRecord
from kvjob.store import KeyMissing, Store

PLAN = "plan.json"


@dataclass(frozen=True, slots=True)
class References:
    """Keys that plans name."""

    runs: frozenset[str]
    """Run keys."""
    datasets: frozenset[str]
    """Folders, `datasets/<hash>/`."""
    weights: frozenset[str]
    """Folders, `weights/<sha16>/`."""
    unreadable: tuple[str, ...]
    """Why plans could not be read: they may refer to anything."""


class Plans:
    """The plans of a store, each read again only when it changed."""

    def __init__(self, store: Store) -> None:
        self._snapshot = Snapshot(store, layout.STUDIES)
        self._parsed: dict[str, tuple[bytes, References]] = {}
        self._one_at_a_time = Lock()

    def refer(self) -> References:
        """What the studies refer to at this moment; StoreError if the store cannot be read."""
        with self._one_at_a_time:
            self._snapshot.refresh()
            names = sorted({entry.key.split("/")[1] for entry in self._snapshot.list(layout.STUDIES)})
            each = [self._of(name) for name in names]
        return References(
            runs=frozenset().union(*(one.runs for one in each)),
            datasets=frozenset().union(*(one.datasets for one in each)),
            weights=frozenset().union(*(one.weights for one in each)),
            unreadable=tuple(why for one in each for why in one.unreadable),
        )

    def _of(self, name: str) -> References:
        key = layout.study(name, PLAN)
        where = f"{self._snapshot.url}/{key}"
        try:
            data = self._snapshot.read(key)
            if key not in self._parsed or self._parsed[key][0] != data:
                self._parsed[key] = data, _references(parse_document(data, StudyRecord, where))
        except KeyMissing:
            # its report, or whatever lies there, may be of runs that nothing else names
            return _unknown(f"{where}: missing")
        except (DataError, ConfigurationError) as error:
            return _unknown(f"{error.where}: {error.what}")
        return self._parsed[key][1]


def _references(record: StudyRecord) -> References:
    weights = {run.config.encoder_weights for run in record.plan.runs}
    return References(
        runs=frozenset(run.key for run in record.plan.runs),
        datasets=frozenset({layout.dataset(record.plan.dataset, "")}),
        weights=frozenset(key.rpartition("/")[0] + "/" for key in weights if key.startswith(layout.WEIGHTS)),
        unreadable=(),
    )


def _unknown(why: str) -> References:
    return References(frozenset(), frozenset(), frozenset(), (why,))
