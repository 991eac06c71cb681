"""The cache of this machine: data that can be fetched again from where it came."""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from kvjob.records import layout
from kvjob.retention.references import References
from kvjob.retention.waste import Waste
from kvjob.store import Entry

_SOURCE = "source"
"""Below it lies what `kvjob prepare` downloaded or made; no plan names it."""


def waste_of_cache(cache: Path, references: References) -> list[Waste]:
    """Data sets and weights that no study of the store uses, and sources of data sets.

    A running trainer keeps what it has mapped even if the file is removed. The times of the objects are
    those of their last use, as far as the file system keeps them.
    """
    used = references.datasets | references.weights
    kinds = [_SOURCE] if references.unreadable else [layout.DATASETS, layout.WEIGHTS, _SOURCE]
    waste = []
    for kind in kinds:
        for path in _children(cache / kind):
            name = f"{kind.rstrip('/')}/{path.name}/"
            entries = tuple(_files(path))
            if name not in used and entries:
                waste.append(Waste("cache", str(path), (entries,)))
    return waste


def remove_cached(waste: Waste) -> bool:
    """Remove what waste_of_cache found; whether it was there unused, and could be removed."""
    path = Path(waste.name)
    if (tuple(_files(path)),) != waste.batches:
        return False
    with suppress(OSError):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    return not path.exists()


def _children(folder: Path) -> list[Path]:
    with suppress(OSError):
        return sorted(path for path in folder.iterdir() if not path.is_symlink())
    return []


def _files(path: Path) -> Iterator[Entry]:
    paths = [path] if path.is_file() else [Path(at, name) for at, _, names in os.walk(path) for name in names]
    for each in paths:
        with suppress(OSError):
            status = each.lstat()
            used = datetime.fromtimestamp(max(status.st_mtime, status.st_atime), UTC)
            yield Entry(str(each), status.st_size, used)
