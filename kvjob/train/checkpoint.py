"""Checkpoints in the store: immutable files, then their checksums, then the pointers."""

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

from kvjob.errors import DataError, ExitCode
from kvjob.records import layout
from kvjob.records.checkpoint import CheckpointManifest, CheckpointPointer, FileSum
from kvjob.records.document import read_document, write_document
from kvjob.records.live import Live, Saved
from kvjob.records.run import History
from kvjob.store import KeyMissing, Store
from kvjob.train.snapshot import MODEL, TRAINING, Snapshot, best_epoch, encode, history_of

KEEP = 2
"""Newest checkpoints that stay while a run trains, beside the best."""


class BestLost(DataError):  # noqa: N818  (what happened, not what is wrong with the data)
    """The store no longer has the best epoch as it was written; another attempt trains it again."""

    exit_code = ExitCode.STORE


@dataclass(frozen=True, slots=True)
class Found:
    """A checkpoint that was read and verified."""

    epoch: int
    folder: str
    files: dict[str, bytes]


class Checkpoints:
    """The checkpoints of one run.

    A crash between any two writes leaves a run that goes on: the best epoch's files and pointer are written
    before any checkpoint that calls it the best, and nothing is deleted before the pointers are.

    Args:
        store: where the run lies.
        key: of the run.
        live: told of what was saved.
    """

    def __init__(self, store: Store, key: str, live: Live | None = None) -> None:
        self._store, self._key, self._live = store, key, live or Live()

    def save(self, snapshot: Snapshot) -> None:
        """Write a checkpoint, its pointers and the history, then delete what is no longer needed."""
        files = encode(snapshot)
        sums = {name: FileSum(size=len(data), sha256=_sha256(data)) for name, data in files.items()}
        name = hashlib.sha256("".join(entry.sha256 for entry in sums.values()).encode()).hexdigest()[:8]
        folder = layout.checkpoint(self._key, snapshot.epoch, name)
        for file, data in files.items():
            self._store.write(folder + file, data)
        manifest = CheckpointManifest(epoch=snapshot.epoch, files=sums)
        write_document(self._store, folder + "manifest.json", manifest)
        pointer = CheckpointPointer(epoch=snapshot.epoch, folder=folder, iou=snapshot.iou)
        if snapshot.best:
            write_document(self._store, layout.run(self._key, "best.json"), pointer)
        write_document(self._store, layout.run(self._key, "latest.json"), pointer)
        self._live.checkpoint = Saved(time.time(), sum(len(data) for data in files.values()))
        history = History(rows=snapshot.history)
        write_document(self._store, layout.run(self._key, "history.json"), history)
        self._retain(snapshot.epoch, snapshot.state["best_epoch"])

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
                self._best_for(found)
            except DataError as error:
                warnings.append(str(error))
                continue
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
        iou = history_of(found.files)[-1].validation.mean_over_images.iou
        pointer = CheckpointPointer(epoch=epoch, folder=found.folder, iou=iou)
        if self._best_pointer() != pointer:
            write_document(self._store, layout.run(self._key, "best.json"), pointer)
        return found

    def tidy(self, best: int) -> None:
        """Delete every checkpoint but the best epoch's, for a run that has a result.

        Nothing is deleted unless `best.json` names that epoch.
        """
        pointer = self._best_pointer()
        if best and (pointer is None or pointer.epoch != best):
            return
        kept = pointer.folder if pointer else None
        self._store.delete(layout.run(self._key, "latest.json"))
        for folder in self._folders():
            if folder != kept:
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
        try:
            return read_document(self._store, layout.run(self._key, name), CheckpointPointer)
        except KeyMissing:
            return None

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
            raise self._damaged(folder, "points outside the run")
        try:
            manifest = read_document(self._store, folder + "manifest.json", CheckpointManifest)
            files = {name: self._store.read(folder + name) for name in (MODEL, TRAINING)}
        except KeyMissing as error:
            raise self._damaged(folder, f"{error.args[0]} is missing") from None
        for name, data in files.items():
            entry = manifest.files.get(name)
            if entry is None or entry.size != len(data) or entry.sha256 != _sha256(data):
                raise self._damaged(folder, f"{name} is not what was written")
        return Found(manifest.epoch, folder, files)

    def _best_for(self, found: Found) -> None:
        epoch = best_epoch(found.files)
        if epoch != found.epoch and self._with_epoch(epoch) is None:
            raise self._damaged(found.folder, f"its best epoch {epoch} has no whole checkpoint")

    def _with_epoch(self, epoch: int) -> Found | None:
        prefix = layout.run(self._key, f"checkpoints/{epoch:05}-")
        folders = [folder for folder in self._folders() if folder.startswith(prefix)]
        pointer = self._best_pointer()
        if pointer is not None and pointer.epoch == epoch:
            folders.sort(key=lambda folder: folder != pointer.folder)
        for folder in folders:
            try:
                return self._read(folder)
            except DataError:
                continue
        return None

    def _retain(self, epoch: int, best: int) -> None:
        folders = self._folders()
        numbers = [int(folder.rstrip("/").rsplit("/", 1)[1].split("-")[0]) for folder in folders]
        newest = set(sorted({number for number in numbers if number <= epoch})[-KEEP:]) | {best}
        for folder, number in zip(folders, numbers, strict=True):
            if number not in newest and number < epoch:
                self._delete(folder)

    def _delete(self, folder: str) -> None:
        # the manifest first: a folder without one is no checkpoint, however far the deletion got
        for name in ("manifest.json", MODEL, TRAINING):
            self._store.delete(folder + name)

    def _damaged(self, folder: str, what: str) -> DataError:
        return DataError(
            f"checkpoint damaged: {what}",
            where=f"{self._store.url}/{folder}",
            fix="The run goes back to the checkpoint before",
        )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
