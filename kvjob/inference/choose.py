"""Which run is used: by its key, or the best of a study by what validation said."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from kvjob import __version__
from kvjob.errors import ConfigurationError, DataError
from kvjob.records import layout
from kvjob.records.document import find_document, read_document
from kvjob.records.run import Environment, Result, RunRecord
from kvjob.records.study import read_study
from kvjob.store import KeyMissing, Store

BEST = "best"
"""Stands for the finished run with the highest validation IoU (mean over images)."""


@dataclass(frozen=True, slots=True)
class TrainedRun:
    """A run that left weights."""

    record: RunRecord
    result: Result
    environment: Environment | None
    """With what it was trained; absent if its record is damaged or lost."""
    why: str
    """How it was chosen, as a sentence without a full stop."""


def choose_run(store: Store, run: str, study: str | None = None) -> TrainedRun:
    """The run that a user means.

    Args:
        store: where it lies.
        run: its key, or `best`: the highest validation IoU (mean over images) among the finished runs of a
            study, of equal ones the run whose key sorts first. The test set has no say: runs whose stopping
            it steered are considered only if there are no others.
        study: the study whose runs are meant; all of the store unless given.

    Raises:
        ConfigurationError: there is no such run, none is finished, a newer kvjob trained it, or the store's
            runs are of several data sets and no study was named.
        DataError: it has no weights, or its records are damaged.
    """
    keys = [run.key for run in read_study(store, study).plan.runs] if study is not None else None
    if run != BEST:
        if keys is not None and run not in keys:
            raise ConfigurationError(
                f"study {study!r} has no run {run!r}",
                where="--run",
                fix=f"Choose one of {', '.join(keys)}, or best",
            )
        return _of_key(store, run, "chosen by its key")
    place = store.url if study is None else f"{store.url}, study {study!r}"
    key, why = _best(store, _stored(store) if keys is None else keys, place, study)
    return _of_key(store, key, why)


def _stored(store: Store) -> list[str]:
    listed = (entry.key for entry in store.list(layout.RUNS))
    return [key.split("/")[1] for key in listed if key.endswith("/result.json")]


def _best(store: Store, keys: Iterable[str], place: str, study: str | None) -> tuple[str, str]:
    results = [find_document(store, layout.run(key, "result.json"), Result) for key in keys]
    scored = [result for result in results if result and result.status == "finished" and result.validation]
    if not scored:
        what = "no run of this store is finished" if study is None else "no run of this study is finished"
        raise ConfigurationError(what, where=place, fix="Train one with `kvjob run`")
    records = {
        result.key: read_document(store, layout.run(result.key, "config.json"), RunRecord)
        for result in scored
    }
    if len({record.dataset for record in records.values()}) > 1:
        raise ConfigurationError(
            "its runs are of several data sets, whose validation scores do not compare",
            where=place,
            fix="Name a study with --study, or a run by its key",
        )
    held_out = [result for result in scored if records[result.key].config.protocol == "held-out"]
    ranked = sorted(held_out or scored, key=lambda result: (-_validation_iou(result), result.key))
    best, among = ranked[0], f"{len(ranked)} finished {'run' if len(ranked) == 1 else 'runs'}"
    of = f"of study {study!r}" if study is not None else "of the store"
    steered = "" if held_out else ", in which the test set validated"
    return best.key, f"the highest validation IoU of {among} {of}{steered}: {_validation_iou(best):.4f}"


def _validation_iou(result: Result) -> float:
    return result.validation.mean_over_images.iou if result.validation else 0.0


def _of_key(store: Store, key: str, why: str) -> TrainedRun:
    environment = _environment(store, key)
    if environment is not None and _numbers(environment.kvjob) > _numbers(__version__):
        raise ConfigurationError(
            f"run {key!r} was trained by kvjob {environment.kvjob}, and this is {__version__}",
            where=f"{store.url}/{layout.run(key)}",
            fix="Upgrade kvjob, or choose another run",
        )
    try:
        record = read_document(store, layout.run(key, "config.json"), RunRecord)
        result = read_document(store, layout.run(key, "result.json"), Result)
    except (KeyMissing, ValueError):  # ValueError: no key that a store could have
        raise ConfigurationError(
            f"run {key!r} is not finished, or not in this store",
            where="--run",
            fix="Give the key of a finished run (`kvjob plan` lists them), or best",
        ) from None
    if {record.key, result.key} != {key}:
        raise DataError(
            "damaged: its records are another run's",
            where=f"{store.url}/{layout.run(key)}",
            fix="Delete it, or restore it from a backup",
        )
    if result.best_epoch == 0:
        raise DataError(
            f"run {key!r} diverged before its first epoch and has no weights",
            where=f"{store.url}/{layout.run(key)}",
            fix="Choose another run",
        )
    return TrainedRun(record, result, environment, why)


def _environment(store: Store, key: str) -> Environment | None:
    try:
        return find_document(store, layout.run(key, "environment.json"), Environment)
    except (DataError, ValueError):
        return None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])
