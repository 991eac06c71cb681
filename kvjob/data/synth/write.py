"""Scenes written as a data set: the official layout, the official shares of training and test."""

import hashlib
import json
import shutil
import tempfile
from functools import cache
from pathlib import Path

import cv2

from kvjob.data.disk import refused
from kvjob.data.source import SPLITS
from kvjob.data.synth.scene import draw_scene
from kvjob.data.threads import Progress, concurrently, silent
from kvjob.errors import ConfigurationError

FEWEST, MOST = 5, 100_000
"""Five are four to train (and validate) on and one to test."""
FLAT = [
    *(cv2.IMWRITE_PNG_COMPRESSION, 1),
    *(cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE),
    *(cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_UP),
]
"""How to compress what is nearly all alike, as masks are, in a third of the usual time."""
MARKER = "synthetic.json"
"""Tells a made-up data set from a real one, and one made up otherwise."""


def synthesize(
    folder: Path, images: int = 590, seed: int = 0, jobs: int | None = None, progress: Progress = silent
) -> None:
    """Write a data set like Kvasir-Instrument into folder; nothing is done if it is there already.

    Each picture is a function of seed and its number alone: fewer images are the first ones of more. Every
    fifth image is for testing, 118 of 590 as in the original. The folder appears when all is written.

    Args:
        folder: new, empty, or an earlier such data set, which is then replaced.
        images: how many, FEWEST to MOST.
        seed: not negative; other seeds make other pictures.
        jobs: threads to use; one per CPU unless given.
        progress: called after each picture.

    Raises:
        ConfigurationError: a number is out of range, or folder holds something else.
        DataError: folder cannot be written.
    """
    _check_numbers(images, seed, jobs)
    marker = json.dumps({"images": images, "seed": seed, "generator": _generator()}) + "\n"
    folder = folder.absolute()
    try:
        if _marker(folder) == marker:
            progress(images, images)
            return
        folder.parent.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            _write(making, images, seed, jobs, progress)
            (making / MARKER).write_text(marker)
            making.chmod(0o755)
            _put_in_place(making, folder)
        finally:
            shutil.rmtree(making, ignore_errors=True)
    except OSError as problem:
        fix = "Give a folder on a disk with space, 0.2 MB for each image"
        raise refused(problem, "cannot be written", str(folder), fix) from None


def _check_numbers(images: int, seed: int, jobs: int | None) -> None:
    for name, value, least, most in (
        ("images", images, FEWEST, MOST),
        ("seed", seed, 0, 2**31 - 1),
        ("jobs", 1 if jobs is None else jobs, 1, 1024),
    ):
        if not least <= value <= most:
            raise ConfigurationError(f"{value} is out of range", where=name, fix=f"Give {least} to {most}")


def _marker(folder: Path) -> str | None:
    """The marker of the data set that folder holds; None for a folder that is new or empty."""
    if not folder.exists():
        return None
    if folder.is_dir() and (folder / MARKER).is_file():
        return (folder / MARKER).read_text(errors="replace")
    if not folder.is_dir() or any(folder.iterdir()):
        raise ConfigurationError(
            "holds something else than a synthetic data set",
            where=str(folder),
            fix="Give a new or empty folder",
        )
    return None


def _write(folder: Path, images: int, seed: int, jobs: int | None, progress: Progress) -> None:
    for kind in ("images", "masks"):
        (folder / kind).mkdir()

    def write(index: int) -> None:
        scene = draw_scene(seed, index)
        image, mask = cv2.cvtColor(scene.image, cv2.COLOR_RGB2BGR), cv2.merge([scene.mask] * 3)
        quality = (cv2.IMWRITE_JPEG_QUALITY, scene.quality)
        (folder / "images" / f"{_name(index)}.jpg").write_bytes(
            cv2.imencode(".jpg", image, quality)[1].tobytes()
        )
        (folder / "masks" / f"{_name(index)}.png").write_bytes(cv2.imencode(".png", mask, FLAT)[1].tobytes())

    concurrently(write, range(images), progress, jobs)
    for split, is_test in zip(SPLITS, (False, True), strict=True):
        names = [_name(index) for index in range(images) if (index % FEWEST == FEWEST - 1) == is_test]
        (folder / split).write_text("".join(f"{name}\n" for name in names))


def _name(index: int) -> str:
    return f"scene{index:05}"


def _put_in_place(making: Path, folder: Path) -> None:
    """Two renames where an earlier data set must give way: a folder cannot replace one that is not empty."""
    if folder.exists() and any(folder.iterdir()):
        old = Path(tempfile.mkdtemp(prefix=f".{folder.name}-old-", dir=folder.parent))
        folder.replace(old / folder.name)
        making.replace(folder)
        shutil.rmtree(old, ignore_errors=True)
    else:
        making.replace(folder)


@cache
def _generator() -> str:
    """Hash of the sources that draw: a data set that older sources drew is another one."""
    digest = hashlib.sha256(cv2.__version__.encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
