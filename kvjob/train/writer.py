"""Writing to the store while the next epoch trains."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from kvjob.errors import Interrupted
from kvjob.records.attempt import Attempt
from kvjob.train.checkpoint import Checkpoints
from kvjob.train.snapshot import Snapshot


class BackgroundWriter:
    """A thread that saves snapshots and attempt records; training never waits for it before the end.

    When the store is slower than an epoch, a waiting snapshot gives way to a newer one, except the best so
    far: a checkpoint must never name a best epoch that was not saved before it.

    Args:
        checkpoints: where snapshots go.
        record: writes an attempt record.
    """

    def __init__(self, checkpoints: Checkpoints, record: Callable[[Attempt], None]) -> None:
        self._checkpoints, self._record = checkpoints, record
        self._change = threading.Condition()
        self._best: Snapshot | None = None
        self._latest: Snapshot | None = None
        self._attempt: Attempt | None = None
        self._busy = self._closed = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: object, _trace: TracebackType | None
    ) -> None:
        with self._change:
            self._closed = True
            self._change.notify_all()
        self._thread.join()
        # an interruption says that the state is saved, which is not so if a write failed
        if kind is None or issubclass(kind, Interrupted):
            self._raise()

    def submit(self, snapshot: Snapshot, attempt: Attempt) -> None:
        """Have snapshot and attempt written soon; raises what an earlier write met."""
        with self._change:
            self._raise()
            if snapshot.best:
                self._best = snapshot
            self._latest, self._attempt = snapshot, attempt
            self._change.notify_all()

    def flush(self) -> None:
        """Wait until everything submitted is in the store."""
        with self._change:
            self._change.wait_for(lambda: self._error or not (self._busy or self._latest or self._best))
            self._raise()

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        while True:
            with self._change:
                self._busy = False
                self._change.notify_all()
                self._change.wait_for(lambda: self._latest or self._best or self._closed)
                snapshot, attempt = self._take()
                if snapshot is None:
                    return
                self._busy = True
            try:
                self._checkpoints.save(snapshot)
                if attempt is not None:
                    self._record(attempt)
            except BaseException as error:  # raised again in the training thread
                with self._change:
                    self._error = error
                    self._change.notify_all()
                return

    def _take(self) -> tuple[Snapshot | None, Attempt | None]:
        best, latest, attempt = self._best, self._latest, self._attempt
        self._best = None
        if best is not None and best is not latest:
            return best, None
        self._latest = self._attempt = None
        return latest, attempt
