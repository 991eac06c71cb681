"""What the tests of the data floor share."""

from collections.abc import Callable
from pathlib import Path

import pytest

from kvjob.data import Finding, check, open_source
from tests.unit.data.small_data import write_dataset


@pytest.fixture
def dataset(tmp_path) -> Path:
    """Nine small images: six to train on, three to test with."""
    return write_dataset(tmp_path / "data")


@pytest.fixture
def found() -> Callable[[Path], list[Finding]]:
    """Check a folder or archive."""

    def check_path(path: Path) -> list[Finding]:
        with open_source(path) as source:
            return check(source)

    return check_path
