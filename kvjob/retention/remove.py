"""Removing what was found, once it is certain that nobody came to need it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby, zip_longest

from kvjob.errors import ConfigurationError, DataError
from kvjob.records import layout
from kvjob.records.checkpoint import MANIFEST
from kvjob.retention.cache import remove_cached
from kvjob.retention.cleanup import READERS, Cleanup, Kept, Progress, moment_now, waste_of_shelves
from kvjob.retention.contents import RunContents, sort_out
from kvjob.retention.run import is_running, waste_of_run, whole_run
from kvjob.retention.waste import Waste
from kvjob.store import CleanableStore, KeyMissing, Unfinished


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a cleanup."""

    removed: tuple[Waste, ...]
    spared: tuple[Kept, ...]
    """What was no longer waste when its turn came."""


def remove(
    store: CleanableStore, cleanup: Cleanup, progress: Progress = lambda _done, _total: None
) -> Outcome:
    """Remove the waste of a cleanup, each thing looked at once more just before it goes.

    Interrupted at any point it has removed whole things, or left folders that the next cleanup finds.

    Args:
        store: that was looked through.
        cleanup: as find_waste returned it.
        progress: called with the objects removed or spared and all objects of the waste.

    Raises:
        StoreError: the store cannot be reached or refuses to delete.
    """
    removed: list[Waste] = []
    spared: list[Kept] = []
    done, total = 0, sum(waste.objects for waste in cleanup.waste)
    progress(0, total)
    groups = [tuple(group) for _, group in groupby(cleanup.waste, key=_owner)]
    with ThreadPoolExecutor(READERS) as pool:
        for group, gone in zip(
            groups, pool.map(lambda group: _remove(store, cleanup, group), groups), strict=True
        ):
            removed += gone
            left = [waste for waste in group if waste not in gone]
            spared += [Kept(waste.name, "it changed since it was looked at, or is in use") for waste in left]
            done += sum(waste.objects for waste in group)
            progress(done, total)
    return Outcome(tuple(removed), tuple(spared))


def _owner(waste: Waste) -> str:
    """The run that a thing belongs to, whose documents are then read once; else the thing itself."""
    parts = waste.name.split("/")
    if waste.kind in ("checkpoint", "incomplete-checkpoint", "run"):
        return layout.run(parts[1])
    return f"{waste.kind} {waste.name}"


def _remove(store: CleanableStore, cleanup: Cleanup, group: tuple[Waste, ...]) -> list[Waste]:
    match group[0].kind:
        case "unfinished":
            for entry in group[0].batches[0]:
                if isinstance(entry, Unfinished):
                    store.discard(entry)
            return list(group)
        case "cache":
            return list(group) if remove_cached(group[0]) else []
        case "dataset" | "weights":
            return _remove_shelf(store, cleanup, group[0])
        case _:
            return _remove_of_run(store, cleanup, group)


def _remove_of_run(store: CleanableStore, cleanup: Cleanup, group: tuple[Waste, ...]) -> list[Waste]:
    prefix = _owner(group[0])
    key = prefix.split("/")[1]
    run = sort_out(store.list(prefix)).runs.get(key, RunContents())
    moment = moment_now(cleanup.grace)
    try:
        if group[0].kind == "run":
            references = cleanup.plans.refer()
            needed = references.unreadable or key in references.runs
            again = [] if needed else whole_run(store, key, run, moment)
        else:
            again = waste_of_run(cleanup.verifier, key, run, moment)
        # reading a checkpoint may have taken long: a trainer has had time to start, but not to end an epoch
        if is_running(store, key, moment_now(cleanup.grace)):
            return []
    except (DataError, ConfigurationError, KeyMissing):
        return []
    # by value, with the times of the objects: what was written anew is another thing
    certain = [waste for waste in group if waste in again]
    for batches in zip_longest(*(waste.batches for waste in certain), fillvalue=()):
        store.delete_all(entry.key for batch in batches for entry in batch)
    return certain


def _remove_shelf(store: CleanableStore, cleanup: Cleanup, waste: Waste) -> list[Waste]:
    """Remove a data set or weights.

    A study may be planned with them at this very moment: what makes them usable goes first, then the plans
    are read again, and if one refers to them by now it is put back.
    """
    there = sort_out(store.list(waste.name))
    if waste not in waste_of_shelves(there.datasets, there.weights, cleanup.plans.refer()):
        return []
    keys = [entry.key for batch in waste.batches for entry in batch]
    first = [key for key in keys if waste.kind == "weights" or key == waste.name + MANIFEST]
    try:
        held = {key: store.read(key) for key in first}
    except KeyMissing:
        return []
    store.delete_all(first)
    references = cleanup.plans.refer()
    if references.unreadable or waste.name in references.datasets | references.weights:
        for key, data in held.items():
            store.write(key, data)
        return []
    store.delete_all(key for key in keys if key not in held)
    return [waste]
