"""Trainers of one run in one process, of which one at a time takes a step: one request to the store.

They use the real attempts, fence and checkpoints, and no network: an epoch's weights and scores are made up
from the attempt and the epoch, so that no two attempts ever agree on an epoch that both trained.
"""

import hashlib
import json
import random
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import pairwise

import torch

from kvjob.errors import Superseded
from kvjob.records import layout
from kvjob.records.checkpoint import MODEL, CheckpointPointer, best_epoch
from kvjob.records.document import document_bytes, parse_document
from kvjob.records.live import Live
from kvjob.records.run import EpochRow, History, PhaseScores
from kvjob.store import Entry, KeyMissing, Prepared, Store
from kvjob.study.scores import Scores
from kvjob.train.attempts import AttemptLog
from kvjob.train.checkpoint import Checkpoints
from kvjob.train.fence import Fence
from kvjob.train.snapshot import Snapshot, history_of

KEY = "abc"
EPOCHS = 4
PATIENCE_SECONDS = 30


class Memory(Store):
    """What the Store protocol promises, in a dict."""

    url = "memory://store"

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.waiting: dict[object, str] = {}

    def read(self, key: str) -> bytes:
        if key not in self.objects:
            raise KeyMissing(key)
        return self.objects[key]

    def write(self, key: str, data: bytes) -> None:
        self.objects[key] = data

    def create(self, key: str, data: bytes) -> bool:
        return self.objects.setdefault(key, data) is data

    def prepare(self, key: str, data: bytes) -> Prepared:
        return Waiting(self, key, data)

    def revoke(self, key: str) -> None:
        self.waiting = {each: name for each, name in self.waiting.items() if name != key}

    def list(self, prefix: str = "") -> Iterator[Entry]:
        now = datetime.now(UTC)
        keys = sorted(key for key in self.objects if key.startswith(prefix))
        return iter([Entry(key, len(self.objects[key]), now) for key in keys])

    def delete(self, key: str) -> None:
        self.objects.pop(key, None)


class Waiting(Prepared):
    def __init__(self, store: Memory, key: str, data: bytes) -> None:
        self.store, self.key, self.data = store, key, data
        store.waiting[self] = key

    def commit(self) -> bool:
        if self.store.waiting.pop(self, None) is None:
            return False
        self.store.objects[self.key] = self.data
        return True

    def discard(self) -> None:
        self.store.waiting.pop(self, None)


class Trainer:
    """One that trains the run in a thread of its own, and waits before every request to the store."""

    def __init__(self, store: Store) -> None:
        self.number = 0
        self.in_charge = False
        self.outcome: str | BaseException = ""
        self.commits: list[str] = []
        self._go, self._waits = threading.Semaphore(0), threading.Semaphore(0)
        self._store = Paced(store, self)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._waits.acquire(timeout=PATIENCE_SECONDS)

    def step(self) -> bool:
        """Let one request through; False if it has ended."""
        if self.outcome:
            return False
        self._go.release()
        assert self._waits.acquire(timeout=PATIENCE_SECONDS), "a trainer hangs"
        return True

    def turn(self) -> None:
        self._waits.release()
        self._go.acquire()

    def _run(self) -> None:
        try:
            self._train()
            self.outcome = "finished"
        except Superseded:
            self.outcome = "superseded"
        except BaseException as error:
            self.outcome = error
        self._waits.release()

    def _train(self) -> None:
        store, live = self._store, Live()
        log = AttemptLog(store, KEY, 4, torch.device("cpu"), live)
        self.number = log.record.number
        fence = Fence(store, KEY, self.number)
        fence.take_over()
        self.in_charge = True
        checkpoints = Checkpoints(store, KEY, live, fence)
        if _exists(store, "result.json"):
            checkpoints.tidy(json.loads(store.read(layout.run(KEY, "result.json")))["best"])
            return
        found, _ = checkpoints.latest()
        history = history_of(found.files) if found else ()
        for epoch in range(len(history) + 1, EPOCHS + 1):
            history = (*history, _row(self.number, epoch, history))
            checkpoints.save(_snapshot(self.number, history))
        best = max(row.epoch for row in history if row.best)
        weights = hashlib.sha256(checkpoints.best(best).files[MODEL]).hexdigest()
        result = {"attempt": self.number, "best": best, "weights": weights, "losses": _losses(history)}
        scores = {name: f"{self.number}".encode() for name in ("scores.csv", "predictions.png")}
        fence.commit({"history.json": document_bytes(History(rows=history))})
        fence.commit({**scores, "result.json": json.dumps(result).encode()})
        with suppress(Superseded):
            checkpoints.tidy(best)


class Paced:
    """The store of one trainer."""

    def __init__(self, store: Store, trainer: Trainer) -> None:
        self._store, self._trainer, self.url = store, trainer, store.url

    def __getattr__(self, name: str):
        method = getattr(self._store, name)

        def call(*arguments):
            self._trainer.turn()
            return method(*arguments)

        return call

    def prepare(self, key: str, data: bytes) -> Prepared:
        self._trainer.turn()
        return PacedCommit(self._store.prepare(key, data), self._trainer, key)


class PacedCommit(Prepared):
    def __init__(self, prepared: Prepared, trainer: Trainer, key: str) -> None:
        self._prepared, self._trainer, self._key = prepared, trainer, key

    def commit(self) -> bool:
        self._trainer.turn()
        done = self._prepared.commit()
        if done:
            self._trainer.commits.append(self._key)
        return done

    def discard(self) -> None:
        self._trainer.turn()
        self._prepared.discard()


def look(store: Store) -> None:
    """Whoever reads the run at this moment finds whole checkpoints of one chain."""
    pointers = [_pointer(store, name) for name in ("latest.json", "best.json")]
    histories = []
    for pointer in filter(None, pointers):
        checkpoints = Checkpoints(store, KEY)
        found = checkpoints._read(pointer.folder)
        assert found.epoch == pointer.epoch
        own = history_of(found.files)
        if found.best:
            best = checkpoints._read(found.best)
            assert best.epoch == best_epoch(found.files)
            assert history_of(best.files) == own[: best.epoch]
        histories.append(own)
    for one, other in pairwise(histories):
        shorter = min(len(one), len(other))
        assert one[:shorter] == other[:shorter], "the pointers name checkpoints of two chains"


def check_end(store: Store, owner: int) -> None:
    """The result, and all it stands on, come from one attempt and its chain."""
    result = json.loads(store.read(layout.run(KEY, "result.json")))
    for name in ("scores.csv", "predictions.png"):
        assert store.read(layout.run(KEY, name)) == f"{result['attempt']}".encode()
    rows = parse_document(store.read(layout.run(KEY, "history.json")), History, "history").rows
    assert [row.epoch for row in rows] == list(range(1, EPOCHS + 1))
    assert _losses(rows) == result["losses"]
    assert not _exists(store, "latest.json")
    best = Checkpoints(store, KEY).best(result["best"])
    assert hashlib.sha256(best.files[MODEL]).hexdigest() == result["weights"]
    assert history_of(best.files) == rows[: best.epoch]
    assert result["attempt"] <= owner


def _pointer(store: Store, name: str) -> CheckpointPointer | None:
    try:
        return parse_document(store.read(layout.run(KEY, name)), CheckpointPointer, name)
    except KeyMissing:
        return None


def _exists(store: Store, name: str) -> bool:
    try:
        store.read(layout.run(KEY, name))
    except KeyMissing:
        return False
    return True


def _losses(rows: tuple[EpochRow, ...]) -> list[float]:
    return [row.train.loss for row in rows]


def _row(attempt: int, epoch: int, history: tuple[EpochRow, ...]) -> EpochRow:
    iou = random.Random(f"{attempt} {epoch}").random()
    scores = Scores(iou=iou, dice=iou, precision=1, recall=1, accuracy=1)
    phase = PhaseScores(loss=attempt * 100 + epoch, mean_over_images=scores, over_all_pixels=scores)
    best = all(iou > row.validation.mean_over_images.iou for row in history)
    return EpochRow(epoch=epoch, learning_rate=0.1, train=phase, validation=phase, best=best)


def _snapshot(attempt: int, history: tuple[EpochRow, ...]) -> Snapshot:
    last = history[-1]
    best = max(row.epoch for row in history if row.best)
    state = {"best_epoch": best, "history": [row.model_dump() for row in history]}
    weights = {"weights": torch.tensor([attempt, last.epoch])}
    iou = last.validation.mean_over_images.iou
    return Snapshot(last.epoch, last.best, iou, weights, {}, state, history)
