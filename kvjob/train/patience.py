"""A store that is away for a while: training goes on, and what must be written waits for its return."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from kvjob.errors import StoreAwayError
from kvjob.records.live import Live
from kvjob.store import Entry, Prepared, Store
from kvjob.train.stop import StopRequest

PATIENCE_SECONDS = 1800.0
"""How long an outage may last before the attempt ends with exit 74. Epochs are trained meanwhile, and only
the newest and the best wait in memory; but another node might get through, and a GPU that is done idles."""

HURRY_SECONDS = 15.0
"""How long it may still last once the trainer was asked to stop: Kubernetes kills after 30 s."""

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 15.0
"""Seconds between two tries, beside what the store itself spends on its own; they double."""

LOOK_SECONDS = 0.2
"""Seconds after which a stop request is noticed."""

T = TypeVar("T")


class PatientStore(Store):
    """The store below, asked again as long as it is away; may be shared by threads, who share its patience.

    Only StoreAwayError is waited for. What a retry would meet again, as credentials or a full disk, is raised
    at once.

    Args:
        store: the store below.
        stop: asks for hurry.
        live: told after each try, as a sign of life.
        patience: seconds that an outage may last.
    """

    def __init__(
        self, store: Store, stop: StopRequest, live: Live, patience: float = PATIENCE_SECONDS
    ) -> None:
        self._store, self._stop, self._live, self._patience = store, stop, live, patience
        self._lock = threading.Lock()
        self._away_since: float | None = None
        self._hurried_since: float | None = None
        self.outages: list[str] = []
        """Those that are over, in words."""

    @property
    def url(self) -> str:
        """The address of the store below."""
        return self._store.url

    def read(self, key: str) -> bytes:
        """Read from the store below."""
        return self._ask(lambda: self._store.read(key))

    def write(self, key: str, data: bytes) -> None:
        """Write to the store below."""
        self._ask(lambda: self._store.write(key, data))

    def create(self, key: str, data: bytes) -> bool:
        """Create in the store below."""
        return self._ask(lambda: self._store.create(key, data))

    def prepare(self, key: str, data: bytes) -> Prepared:
        """Prepare in the store below; committing is as patient."""
        return _PatientPrepared(self._ask(lambda: self._store.prepare(key, data)), self._ask)

    def revoke(self, key: str) -> None:
        """Revoke in the store below."""
        self._ask(lambda: self._store.revoke(key))

    def upload(self, key: str, path: Path) -> None:
        """Upload to the store below."""
        self._ask(lambda: self._store.upload(key, path))

    def fetch(self, key: str, folder: Path) -> Path:
        """Fetch from the store below."""
        return self._ask(lambda: self._store.fetch(key, folder))

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """List the store below."""
        return self._ask(lambda: self._store.list(prefix))

    def delete(self, key: str) -> None:
        """Delete from the store below."""
        self._ask(lambda: self._store.delete(key))

    def _ask(self, call: Callable[[], T]) -> T:
        pause = FIRST_PAUSE
        while True:
            try:
                answer = call()
            except StoreAwayError as error:
                self._live.alive = time.time()
                self._judge(error)
                self._sleep(FIRST_PAUSE if self._stop.asked else pause)
                pause = min(LONGEST_PAUSE, 2 * pause)
            else:
                self._live.alive = time.time()
                self._back()
                return answer

    def _judge(self, error: StoreAwayError) -> None:
        """Raise the error once patience is at its end."""
        with self._lock:
            now = time.monotonic()
            if self._away_since is None:
                self._away_since = now
                sys.stderr.write(
                    f"warning: {error} What must be written waits up to {self._patience:.0f} s for it.\n"
                )
                sys.stderr.flush()
            away = now - self._away_since
            if away < self._patience and not self._hurried(now):
                return
        raise StoreAwayError(f"{error.what}, for {away:.0f} s", where=error.where, fix=error.fix) from error

    def _hurried(self, now: float) -> bool:
        if not self._stop.asked:
            return False
        if self._hurried_since is None:
            self._hurried_since = now
        return now - self._hurried_since >= HURRY_SECONDS

    def _back(self) -> None:
        with self._lock:
            if self._away_since is not None:
                self.outages.append(f"the store was away for {time.monotonic() - self._away_since:.0f} s")
                self._away_since = None

    def _sleep(self, seconds: float) -> None:
        end, hurried = time.monotonic() + seconds, self._stop.asked
        while time.monotonic() < end and self._stop.asked == hurried:
            time.sleep(min(LOOK_SECONDS, seconds))


class _PatientPrepared(Prepared):
    def __init__(self, prepared: Prepared, ask: Callable[[Callable[[], bool | None]], bool | None]) -> None:
        self._prepared, self._ask = prepared, ask

    def commit(self) -> bool:
        return bool(self._ask(self._prepared.commit))

    def discard(self) -> None:
        self._ask(self._prepared.discard)
