"""Finding what nobody needs: one listing of the store, its plans, and the documents of runs in disorder."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kvjob.errors import ConfigurationError, DataError, StoreError
from kvjob.records import layout
from kvjob.records.checkpoint import MANIFEST
from kvjob.retention.cache import waste_of_cache
from kvjob.retention.contents import RunContents, sort_out
from kvjob.retention.references import Plans, References
from kvjob.retention.run import Moment, Verifier, waste_of_run, whole_run
from kvjob.retention.waste import Waste, folder_waste
from kvjob.store import CleanableStore, Entry, KeyMissing

READERS = 8
"""Runs looked at, or cleaned up, at once."""

GRACE = timedelta(hours=1)
"""What is younger is left alone: somebody may be writing it, or about to refer to it."""

SILENCE = timedelta(minutes=10)
"""However short the grace: a write heard of within this time may be alive, and nothing else tells."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Kept:
    """Something that stays because it cannot be told whether it is needed."""

    name: str
    """Of the run, or of what else stays."""
    why: str
    """Where something is wrong, and what."""


@dataclass(frozen=True, slots=True)
class Cleanup:
    """What may be removed; nothing has been."""

    waste: tuple[Waste, ...]
    """In the order in which it goes; what belongs to one run stands together."""
    young: tuple[Waste, ...]
    """Would be waste if it were older."""
    unplanned: tuple[Waste, ...]
    """Runs that no study plans, unless they are waste because that was asked for."""
    kept: tuple[Kept, ...]
    grace: timedelta
    verifier: Verifier = field(repr=False, compare=False)
    """What was verified to stay, so that it need not be read again."""
    plans: Plans = field(repr=False, compare=False)


def find_waste(
    store: CleanableStore,
    grace: timedelta = GRACE,
    *,
    unplanned_runs: bool = False,
    cache: Path | None = None,
    progress: Progress = lambda _done, _total: None,
) -> Cleanup:
    """Find what nobody needs, and remove nothing.

    Args:
        store: to be looked through.
        grace: what was written within this time is left alone.
        unplanned_runs: whether runs that no study plans are waste.
        cache: folder of this machine to be looked through as well.
        progress: called with the runs looked at and all runs.

    Raises:
        StoreError: the store cannot be listed or read.
    """
    kept: list[Kept] = []
    waste = _interrupted(store, kept)
    contents = sort_out(store.list())
    plans, verifier = Plans(store), Verifier(store)
    references = plans.refer()
    kept += [Kept("data sets, weights and unplanned runs", why) for why in references.unreadable]
    moment = moment_now(grace)
    unplanned = [] if references.unreadable else sorted(contents.runs.keys() - references.runs)
    whole = set(unplanned) if unplanned_runs else set()
    waste += _of_runs(verifier, contents.runs, whole, moment, kept, progress)
    waste += waste_of_shelves(contents.datasets, contents.weights, references)
    if cache is not None:
        waste += waste_of_cache(cache, references)
    shown = [folder_waste("run", layout.run(key), contents.runs[key].entries, ()) for key in unplanned]
    return Cleanup(
        waste=tuple(each for each in waste if _is_old(each, moment)),
        young=tuple(each for each in waste if not _is_old(each, moment)),
        unplanned=() if unplanned_runs else tuple(shown),
        kept=tuple(sorted(kept, key=lambda each: (each.name, each.why))),
        grace=grace,
        verifier=verifier,
        plans=plans,
    )


def moment_now(grace: timedelta) -> Moment:
    """This moment."""
    now = datetime.now(UTC)
    return Moment(now, now - grace)


def _is_old(waste: Waste, moment: Moment) -> bool:
    before = min(moment.before, moment.now - SILENCE) if waste.kind == "unfinished" else moment.before
    return waste.modified <= before


def waste_of_shelves(
    datasets: Mapping[str, Iterable[Entry]], weights: Mapping[str, Iterable[Entry]], references: References
) -> list[Waste]:
    """Packed data sets and weights, by folder, that no plan refers to; none if a plan cannot be read."""
    if references.unreadable:
        return []
    packs = [
        folder_waste("dataset", name, entries, (MANIFEST,))
        for name, entries in datasets.items()
        if name not in references.datasets
    ]
    return packs + [
        folder_waste("weights", name, entries, ())
        for name, entries in weights.items()
        if name not in references.weights
    ]


def _interrupted(store: CleanableStore, kept: list[Kept]) -> list[Waste]:
    try:
        return [Waste("unfinished", each.key, ((each,),)) for each in store.unfinished()]
    except StoreError as error:  # a right of its own, which not every account has
        kept.append(Kept("interrupted writes", f"{error.where}: {error.what}"))
        return []


def _of_runs(
    verifier: Verifier,
    runs: Mapping[str, RunContents],
    whole: set[str],
    moment: Moment,
    kept: list[Kept],
    progress: Progress,
) -> list[Waste]:
    def look(key: str) -> list[Waste]:
        try:
            if key in whole:
                return whole_run(verifier.store, key, runs[key], moment)
            return waste_of_run(verifier, key, runs[key], moment)
        except (DataError, ConfigurationError) as error:
            kept.append(Kept(f"run {key}", f"{error.where}: {error.what}"))
        except KeyMissing:  # somebody is at work there
            kept.append(Kept(f"run {key}", "it changed while it was looked at"))
        return []

    found: list[Waste] = []
    with ThreadPoolExecutor(READERS) as readers:
        for done, waste in enumerate(readers.map(look, runs), start=1):
            found += waste
            progress(done, len(runs))
    return found
