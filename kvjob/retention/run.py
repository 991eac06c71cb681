"""What one run no longer needs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from kvjob.errors import DataError
from kvjob.records import layout
from kvjob.records.attempt import written_attempts
from kvjob.records.checkpoint import MANIFEST, CheckpointPointer, read_checkpoint
from kvjob.records.document import find_document, read_document
from kvjob.records.retention import KEEP, after_result, newest
from kvjob.records.run import Result
from kvjob.records.state import state_of
from kvjob.retention.contents import RunContents, epoch_of
from kvjob.retention.waste import Kind, Waste, folder_waste
from kvjob.store import Entry, Store

LATEST, BEST, RESULT = "latest.json", "best.json", "result.json"


@dataclass(frozen=True, slots=True)
class Moment:
    """When it is looked, and how young an object may be to be left alone."""

    now: datetime
    before: datetime
    """Nothing written after this time is waste."""


class Verifier:
    """Reads checkpoints and verifies them, each once as long as its objects are the same."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._best: dict[tuple[Entry, ...], str] = {}
        # a checkpoint is hundreds of megabytes: many runs are looked at together, but not in memory
        self._one_at_a_time = Lock()

    def best(self, run: RunContents, folder: str) -> str:
        """Folder of the best epoch as of a checkpoint, or nothing; DataError if that is not whole."""
        entries = tuple(run.checkpoints.get(folder, ()))
        with self._one_at_a_time:
            if entries not in self._best:
                manifest, _ = read_checkpoint(self.store, folder)
                if manifest.epoch != epoch_of(folder):
                    raise _unsure(self.store, folder + MANIFEST, f"names epoch {manifest.epoch}")
                self._best[entries] = manifest.best
            return self._best[entries]


def waste_of_run(verifier: Verifier, key: str, run: RunContents, moment: Moment) -> list[Waste]:
    """Checkpoints that the run no longer needs, by its trainer's own rules.

    Before a checkpoint is called superseded, those that stay are read and verified: what the run goes on from
    and its best epoch, or the best epoch of its result. A run in training is left to its trainer.

    Raises:
        DataError: a document or checkpoint that decides about the others is damaged or missing.
        ConfigurationError: a newer kvjob wrote it.
        KeyMissing: something went while this was being decided.
        StoreError: the store cannot be read.
    """
    waste = _after_result if RESULT in run.documents else _before_result
    if not _tidy(run) and not is_running(verifier.store, key, moment):
        return waste(verifier, key, run, moment)
    return []


def whole_run(store: Store, key: str, run: RunContents, moment: Moment) -> list[Waste]:
    """All of a run that is in no plan, unless it trains; the result goes first. Errors as of waste_of_run."""
    manifests = [name.removeprefix(layout.run(key)) + MANIFEST for name in sorted(run.checkpoints)]
    waste = folder_waste("run", layout.run(key), run.entries, (RESULT, LATEST, BEST, *manifests))
    return [] if is_running(store, key, moment) else [waste]


def is_running(store: Store, key: str, moment: Moment) -> bool:
    """Whether an attempt is under way, as `kvjob status` tells it; errors as of waste_of_run."""
    return state_of(written_attempts(store, key), None, moment.now).kind == "running"


def _tidy(run: RunContents) -> bool:
    """Whether there is nothing to decide, which a listing tells of nearly every run."""
    complete = run.complete()
    if RESULT in run.documents:
        return len(run.checkpoints) == len(complete) <= 1 and LATEST not in run.documents
    return len(run.checkpoints) == len(complete) and len(set(complete.values())) <= KEEP


def _after_result(verifier: Verifier, key: str, run: RunContents, moment: Moment) -> list[Waste]:
    store = verifier.store
    result = read_document(store, layout.run(key, RESULT), Result)
    pointer = find_document(store, layout.run(key, BEST), CheckpointPointer)
    gone = after_result(run.checkpoints, result.best_epoch, pointer)
    if gone is None:
        raise _unsure(store, layout.run(key, BEST), f"does not name the best epoch {result.best_epoch}")
    waste = [_checkpoint(run, folder) for folder in gone]
    if LATEST in run.documents:
        waste.append(Waste("checkpoint", layout.run(key, LATEST), ((run.documents[LATEST],),)))
    if pointer is not None and _any_old(waste, moment):
        _same_epoch(store, key, BEST, run, pointer)
        verifier.best(run, pointer.folder)
    return waste


def _before_result(verifier: Verifier, key: str, run: RunContents, moment: Moment) -> list[Waste]:
    store, complete = verifier.store, run.complete()
    incomplete = [_checkpoint(run, folder) for folder in run.checkpoints if folder not in complete]
    latest = find_document(store, layout.run(key, LATEST), CheckpointPointer)
    best = find_document(store, layout.run(key, BEST), CheckpointPointer)
    if latest is None and best is None and not complete:
        return incomplete
    if latest is None:
        raise _unsure(store, layout.run(key, LATEST), "missing, though there are checkpoints")
    newer = [folder for folder, epoch in complete.items() if epoch > latest.epoch]
    stay = {*newest(complete, latest.epoch), *newer, *([best.folder] if best else [])}
    waste = [_checkpoint(run, folder) for folder in complete if folder not in stay]
    if not _any_old([*incomplete, *waste], moment):
        return [*incomplete, *waste]
    _same_epoch(store, key, LATEST, run, latest)
    if best is not None:
        _same_epoch(store, key, BEST, run, best)
    stay |= _verified_bests(verifier, run, stay.difference(newer))
    return [*incomplete, *(each for each in waste if each.name not in stay)]


def _verified_bests(verifier: Verifier, run: RunContents, folders: Iterable[str]) -> set[str]:
    """Folders of the bests of those in folders; all of them are whole."""
    bests = {best for folder in folders if (best := verifier.best(run, folder))}
    for best in bests:
        if best not in run.complete():
            raise _unsure(verifier.store, best, "the best epoch of a newer checkpoint, which is not there")
        verifier.best(run, best)
    return bests


def _same_epoch(store: Store, key: str, name: str, run: RunContents, pointer: CheckpointPointer) -> None:
    if run.complete().get(pointer.folder) != pointer.epoch:
        raise _unsure(store, layout.run(key, name), "names a checkpoint that is not there")


def _checkpoint(run: RunContents, folder: str) -> Waste:
    # the manifest first: a folder without one is no checkpoint, however far the deletion got
    kind: Kind = "checkpoint" if folder in run.complete() else "incomplete-checkpoint"
    return folder_waste(kind, folder, run.checkpoints[folder], (MANIFEST,))


def _any_old(waste: Iterable[Waste], moment: Moment) -> bool:
    return any(each.modified <= moment.before for each in waste)


def _unsure(store: Store, key: str, what: str) -> DataError:
    return DataError(what, where=f"{store.url}/{key}", fix="Restore it, or let the run go on to its end")
