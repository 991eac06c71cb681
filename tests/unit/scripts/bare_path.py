"""A PATH with nothing on it but what a script is known to need."""

import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest


def use_only(programs: Iterable[str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have PATH lead to these programs alone, by links in a new folder."""
    folder.mkdir()
    for name in programs:
        (folder / name).symlink_to(str(shutil.which(name)))
    monkeypatch.setenv("PATH", str(folder))
