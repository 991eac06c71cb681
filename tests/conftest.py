"""What tests of several floors share."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest

from kvjob.data import synthesize

pytest.register_assert_rewrite("tests.integration.chaos.promises")


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory) -> Path:
    """A data set of 20 synthetic images: 16 to train on, 4 to test with.

    They are a quarter as wide and high as synthetic images are, which is soon decoded and as good for a test.
    """
    folder = tmp_path_factory.mktemp("tiny") / "data"
    synthesize(folder, images=20, seed=1)
    for kind, shrink in (("images", cv2.INTER_AREA), ("masks", cv2.INTER_NEAREST)):
        for path in (folder / kind).iterdir():
            large = cv2.imread(str(path))
            cv2.imwrite(str(path), cv2.resize(large, None, fx=0.25, fy=0.25, interpolation=shrink))
    return folder


@pytest.fixture(scope="session")
def real_sample() -> Path:
    """A few real endoscopy images in the data set's layout, where they are at hand."""
    beside = Path(__file__).parents[2] / "shared/real-sample"
    folder = Path(os.environ.get("KVJOB_REAL_SAMPLE", beside))
    if not (folder / "train.txt").exists():
        pytest.skip(
            "no real images here: set KVJOB_REAL_SAMPLE to a folder with some in the data set's layout"
        )
    return folder


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk],
        capture_output=True,
        text=True,
        check=False,
    )
    if mount.returncode:
        pytest.skip(f"mounting a small disk takes root: {mount.stderr.strip()}")
    yield disk
    subprocess.run(["umount", disk], check=True)
