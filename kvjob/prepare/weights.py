"""Encoder weights from files of this machine, put where every run of a study finds them."""

import errno
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kvjob.errors import DataError
from kvjob.records import layout
from kvjob.store import Store
from kvjob.study import Study
from kvjob.study.config import HUB_WEIGHTS

FIELD = "encoder_weights"


def weights_by_content(study: Study) -> tuple[Study, dict[str, Path]]:
    """The study with each file of weights replaced by its key in the store, and the files by key.

    The key holds the hash of the file's bytes, so that a run's identity depends on the weights and not on
    where they lay.

    Raises:
        DataError: a file is missing or cannot be read.
    """
    files: dict[str, Path] = {}

    def keyed(fields: dict[str, Any]) -> dict[str, Any]:
        value = fields.get(FIELD)
        if not isinstance(value, str) or value in HUB_WEIGHTS or value.startswith(layout.WEIGHTS):
            return fields
        path = Path(value)
        key = layout.weights(_sha16(path), path.name)
        files[key] = path
        return {**fields, FIELD: key}

    experiments = tuple(
        experiment.model_copy(update={"levels": _each_level(experiment.levels, keyed)})
        for experiment in study.experiments
    )
    return study.model_copy(update={"base": keyed(study.base), "experiments": experiments}), files


def upload_weights(store: Store, files: dict[str, Path]) -> None:
    """Put the files under their keys, unless they are there already."""
    for key, path in files.items():
        if not any(entry.key == key for entry in store.list(key)):
            store.upload(key, path)


def _each_level(
    levels: tuple[Any, ...], keyed: Callable[[dict[str, Any]], dict[str, Any]]
) -> tuple[Any, ...]:
    return tuple(level.model_copy(update={"changes": keyed(level.changes)}) for level in levels)


def _sha16(path: Path) -> str:
    try:
        if path.exists() and not path.is_file():
            raise OSError(errno.EINVAL, "not a file")
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:16]
    except (OSError, ValueError) as error:  # of a name with a NUL byte
        raise DataError(
            (getattr(error, "strerror", None) or "cannot be read").lower(),
            where=f"{FIELD} {path}",
            fix="Name a file of weights, or 'imagenet' or 'none'",
        ) from None
