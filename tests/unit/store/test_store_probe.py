"""A store that does not do what it says is found out before a study starts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kvjob.errors import StoreError
from kvjob.store import Entry, KeyMissing, probe
from kvjob.store.directory import DirectoryStore


def test_a_good_store_is_left_as_it_was(tmp_path: Path) -> None:
    probe(DirectoryStore(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "store").touch()
    with pytest.raises(StoreError, match="a file lies where a folder is needed"):
        probe(DirectoryStore(tmp_path / "store"))


class Garbling(DirectoryStore):
    def read(self, key: str) -> bytes:
        return super().read(key)[:-1]


class Forgetting(DirectoryStore):
    def read(self, key: str) -> bytes:
        raise KeyMissing(key)


class Hiding(DirectoryStore):
    def list(self, prefix: str = "") -> Iterator[Entry]:
        return iter(())


class Unreadable(DirectoryStore):
    def read(self, key: str) -> bytes:
        raise StoreError("access denied", where=self.url, fix="Allow it")


@pytest.mark.parametrize("kind", [Garbling, Forgetting, Hiding])
def test_a_store_that_gives_back_something_else_is_told_and_cleaned(
    kind: type[DirectoryStore], tmp_path: Path
) -> None:
    with pytest.raises(StoreError, match="what was just written does not come back"):
        probe(kind(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_the_first_failure_is_the_one_that_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="access denied"):
        probe(Unreadable(tmp_path))
    assert list(tmp_path.iterdir()) == []
