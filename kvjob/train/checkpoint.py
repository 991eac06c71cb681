"""Checkpoints in the store: immutable files, then their checksums, then the pointers."""

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

from kvjob.errors import DataError, ExitCode
from kvjob.records import layout
from kvjob.records.checkpoint import (
    MANIFEST,
    MODEL,
    TRAINING,
    CheckpointManifest,
    CheckpointPointer,
    FileSum,
    best_epoch,
    damaged,
    read_checkpoint,
)
from kvjob.records.document import document_bytes, find_document, write_document
from kvjob.records.live import Live, Saved
from kvjob.records.retention import KEEP, after_result
from kvjob.records.run import History
from kvjob.store import Store
from kvjob.train.fence import Fence
from kvjob.train.snapshot import Snapshot, encode, history_of


class BestLost(DataError):  # noqa: N818  (what happened, not what is wrong with the data)
    """The store no longer has the best epoch as it was written; another attempt trains it again."""

    exit_code = ExitCode.STORE


@dataclass(frozen=True, slots=True)
class Found:
    """A checkpoint that was read and verified."""

    epoch: int
    folder: str
    files: dict[str, bytes]
    best: str
    """Folder of the checkpoint of the best epoch up to there, maybe this one; empty if there is none."""


class Checkpoints:
    """The checkpoints of one run.

    A crash between any two writes leaves a run that goes on: the best epoch's files and pointer are written
    before any checkpoint that calls it the best, and nothing is deleted before the pointers are. Each names
    the folder of its best, so that what two trainers of the run left is never mixed up.

    Args:
        store: where the run lies.
        key: of the run.
        live: told of what was saved.
        fence: the right of this attempt to write the run.
    """

    def __init__(self, store: Store, key: str, live: Live | None = None, fence: Fence | None = None) -> None:
        self._store, self._key, self._live = store, key, live or Live()
        self._fence = fence or Fence(store, key)
        self._chain: tuple[tuple[str, str], ...] = ()
        """The newest checkpoints that this object saved or found, each with its best, oldest first."""
        self._unsaid: CheckpointPointer | None = None
        """The best of what was found, while `best.json` may name a later one of another trainer."""

    def save(self, snapshot: Snapshot) -> None:
        """Write a checkpoint, its pointers and the history, then delete what is no longer needed.

        Raises:
            Superseded: a later attempt has the run, and nothing was changed of what it refers to.
        """
        files = encode(snapshot)
        sums = {name: FileSum(size=len(data), sha256=_sha256(data)) for name, data in files.items()}
        best = "" if snapshot.best else self._best_folder(snapshot.state["best_epoch"])
        name = _sha256("".join((*(entry.sha256 for entry in sums.values()), best)).encode())[:8]
        folder = layout.checkpoint(self._key, snapshot.epoch, name)
        best = folder if snapshot.best else best
        for file, data in files.items():
            self._fence.check()
            self._store.write(folder + file, data)
        self._fence.check()
        manifest = CheckpointManifest(epoch=snapshot.epoch, best=best, files=sums)
        write_document(self._store, folder + MANIFEST, manifest)
        pointer = document_bytes(CheckpointPointer(epoch=snapshot.epoch, folder=folder, iou=snapshot.iou))
        history = document_bytes(History(rows=snapshot.history))
        said = pointer if snapshot.best else self._unsaid and document_bytes(self._unsaid)
        first = {"best.json": said} if said else {}
        self._fence.commit({**first, "latest.json": pointer, "history.json": history})
        self._unsaid = None
        self._live.checkpoint = Saved(time.time(), sum(len(data) for data in files.values()))
        self._chain = (*self._chain, (folder, best))[-KEEP:]
        self._retain(snapshot.epoch)

    def latest(self) -> tuple[Found | None, list[str]]:
        """The newest whole checkpoint whose best epoch is whole too, and what was wrong with newer ones.

        `latest.json` is tried first; when it or what it names is damaged, every folder is tried from the
        newest epoch down.
        """
        warnings: list[str] = []
        tried: set[str] = set()
        for folder in self._candidates(warnings):
            if folder in tried:
                continue
            tried.add(folder)
            try:
                found = self._read(folder)
                history_of(found.files)  # checksums hold for whatever somebody has written
                best = self._best_of(found)
            except DataError as error:
                warnings.append(str(error))
                continue
            self._chain = ((found.folder, found.best),)
            self._unsaid = _pointer_to(best) if best else None
            return found, warnings
        return None, warnings

    def best(self, epoch: int) -> Found:
        """The checkpoint of the best epoch; BestLost if it is damaged."""
        found = self._with_epoch(epoch)
        if found is None:
            raise BestLost(
                f"no whole checkpoint of best epoch {epoch}",
                where=f"{self._store.url}/{layout.run(self._key, 'checkpoints/')}",
                fix="Run the same command again; the run goes back to an earlier checkpoint",
            )
        pointer = _pointer_to(found)
        if self._best_pointer() != pointer:
            self._fence.commit({"best.json": document_bytes(pointer)})
        return found

    def tidy(self, best: int) -> None:
        """Delete every checkpoint but the best epoch's, for a run that has a result.

        Nothing is deleted unless `best.json` names that epoch.

        Raises:
            Superseded: a later attempt has the run; it finds the result and does the same.
        """
        gone = after_result(self._folders(), best, self._best_pointer())
        if gone is None:
            return
        self._fence.check()
        self._store.delete(layout.run(self._key, "latest.json"))
        for folder in gone:
            self._delete(folder)

    def _candidates(self, warnings: list[str]) -> Iterator[str]:
        try:
            pointer = self._pointer("latest.json")
        except DataError as error:
            warnings.append(str(error))
            pointer = None
        if pointer is not None:
            yield pointer.folder
        yield from reversed(self._folders())

    def _pointer(self, name: str) -> CheckpointPointer | None:
        return find_document(self._store, layout.run(self._key, name), CheckpointPointer)

    def _best_pointer(self) -> CheckpointPointer | None:
        """Nothing if it is damaged: what it names can be found again and is then written anew."""
        try:
            return self._pointer("best.json")
        except DataError:
            return None

    def _folders(self) -> list[str]:
        prefix = layout.run(self._key, "checkpoints/")
        return sorted({entry.key.rsplit("/", 1)[0] + "/" for entry in self._store.list(prefix)})

    def _read(self, folder: str) -> Found:
        if not folder.startswith(layout.run(self._key, "checkpoints/")):
            raise damaged(self._store, folder, "points outside the run")
        manifest, files = read_checkpoint(self._store, folder)
        return Found(manifest.epoch, folder, files, manifest.best)

    def _best_of(self, found: Found) -> Found | None:
        if found.best in (found.folder, ""):
            return found if found.best else None
        try:
            return self._read(found.best)
        except DataError:
            epoch = best_epoch(found.files)
            raise damaged(
                self._store, found.folder, f"its best epoch {epoch} has no whole checkpoint"
            ) from None

    def _best_folder(self, epoch: int) -> str:
        """Folder of the best epoch's checkpoint; the chain knows it, unless another object saved it."""
        if self._chain:
            return self._chain[-1][1]
        found = self._with_epoch(epoch) if epoch else None
        return found.folder if found else ""

    def _with_epoch(self, epoch: int) -> Found | None:
        prefix = layout.run(self._key, f"checkpoints/{epoch:05}-")
        pointer = self._best_pointer()
        if self._chain and self._chain[-1][1].startswith(prefix):
            folders = [self._chain[-1][1]]
        else:
            folders = [folder for folder in self._folders() if folder.startswith(prefix)]
            folders.sort(key=lambda folder: pointer is None or folder != pointer.folder)
        for folder in folders:
            try:
                return self._read(folder)
            except DataError:
                continue
        return None

    def _retain(self, epoch: int) -> None:
        """Delete what a fall back to the checkpoint before could not need: neither these two nor their bests.

        A later attempt goes on from one of those, so that a deletion that slept until then harms nothing.
        """
        kept = {folder for pair in self._chain for folder in pair}
        for folder in self._folders():
            number = int(folder.rstrip("/").rsplit("/", 1)[1].split("-")[0])
            if folder not in kept and number <= epoch:
                self._fence.check()
                self._delete(folder)

    def _delete(self, folder: str) -> None:
        # the manifest first: a folder without one is no checkpoint, however far the deletion got
        for name in (MANIFEST, MODEL, TRAINING):
            self._store.delete(folder + name)


def _pointer_to(found: Found) -> CheckpointPointer:
    iou = history_of(found.files)[-1].validation.mean_over_images.iou
    return CheckpointPointer(epoch=found.epoch, folder=found.folder, iou=iou)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
