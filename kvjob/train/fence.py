"""Two trainers of one run: the attempt with the highest number owns it, and the others can change nothing.

What both could write under the same key is written in three steps: prepared, asked about, committed. An
attempt begins the other way round: its record forbids, then it revokes what earlier attempts have prepared,
then it reads. So an earlier one that asked before the record was there is revoked, and one that asks later is
told: however long it slept between any two steps, it commits nothing after the takeover.
"""

from collections.abc import Mapping
from contextlib import suppress

from kvjob.errors import StoreError, Superseded
from kvjob.records import layout, predictions
from kvjob.store import KeyMissing, Prepared, Store

FENCED = (
    "environment.json",
    "best.json",
    "latest.json",
    "history.json",
    "model.json",
    "scores.csv",
    predictions.NAME,
    "samples/index.json",
    "result.json",
)
"""All that a trainer writes of a run under names that another would use for something else. Checkpoints and
samples carry a checksum in theirs, an attempt's record its number, and `config.json` follows from the key."""

_TRIES = 3
"""An attempt that was superseded while it took over may still revoke what the later one has just prepared."""


class Fence:
    """The right of one attempt to write its run; may be shared by threads.

    Args:
        store: where the run lies.
        key: of the run.
        number: of the attempt, whose record is in the store; None for whoever has none, who is never refused.
    """

    def __init__(self, store: Store, key: str, number: int | None = None) -> None:
        self._store, self._key, self._number = store, key, number

    def take_over(self) -> None:
        """Make sure that no earlier attempt changes the run from now on; read it only after this."""
        for name in FENCED:
            self._store.revoke(layout.run(self._key, name))

    def check(self) -> None:
        """Raise Superseded if there is a later attempt."""
        if self._number is None:
            return
        later = layout.attempt(self._key, self._number + 1)
        try:
            self._store.read(later)
        except KeyMissing:
            return
        raise Superseded(
            f"attempt {self._number + 1} has taken the run over from this one, attempt {self._number}",
            where=f"run {self._key}",
            fix=f"Nothing is to be done; {self._store.url}/{later} says where it trains",
        )

    def commit(self, files: Mapping[str, bytes]) -> None:
        """Write files of the run, by name and in their order.

        Raises:
            Superseded: there is a later attempt; the first of files may lie there from before.
        """
        for _ in range(_TRIES):
            if self._committed(files):
                return
        raise StoreError(
            f"what was prepared to be written there ({', '.join(files)}) disappears",
            where=f"{self._store.url}/{layout.run(self._key)}",
            fix="Stop what removes fresh multipart uploads or hidden files there, and run it again",
        )

    def _committed(self, files: Mapping[str, bytes]) -> bool:
        waiting: list[Prepared] = []
        try:
            for name, data in files.items():
                waiting.append(self._store.prepare(layout.run(self._key, name), data))
            self.check()
            while waiting:
                if not waiting[0].commit():
                    self.check()
                    return False
                del waiting[0]
            return True
        finally:
            with suppress(StoreError):  # what stays is revoked by the next attempt
                for prepared in waiting:
                    prepared.discard()
