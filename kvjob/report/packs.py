"""The data set's own images, where the store still has them."""

import shutil
import weakref
from pathlib import Path
from tempfile import mkdtemp

from kvjob.data import Pack, load
from kvjob.errors import DataError
from kvjob.store import Store
from kvjob.study import TrainConfig


class Packs:
    """Packs of one data set, each brought and verified once; what was downloaded goes with this object.

    Args:
        store: where the packs lie.
        dataset: hash of the data set.
    """

    def __init__(self, store: Store, dataset: str) -> None:
        self._store, self._dataset = store, dataset
        self._found: dict[tuple[int, int], Pack | DataError] = {}
        self._folder: Path | None = None

    def of(self, config: TrainConfig) -> Pack:
        """The data set as a configuration's network sees it; DataError if the store does not have it."""
        sizes = config.resolution, config.input_size
        if sizes not in self._found:
            try:
                self._found[sizes] = load(self._store, self._dataset, *sizes, self._cache())
            except DataError as error:
                self._found[sizes] = error
        found = self._found[sizes]
        if isinstance(found, DataError):
            raise found
        return found

    def _cache(self) -> Path:
        if self._folder is None:
            self._folder = Path(mkdtemp(prefix="kvjob-report-"))
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        return self._folder
