"""Pointers to checkpoints, the checksums that make a checkpoint trustworthy, and reading one by them."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from kvjob.errors import DataError
from kvjob.records.document import Document, read_document
from kvjob.store import KeyMissing, Store

MODEL = "model.safetensors"
"""Weights and buffers: all that prediction needs."""
TRAINING = "training.safetensors"
"""Optimiser, schedule, early stopping and history: what training needs beside them."""
MANIFEST = "manifest.json"

STATE = "state"
"""The one metadata entry of TRAINING. More than one would make its bytes depend on a hash order."""


_OF_ANOTHER_FORM: tuple[type[Exception], ...] = (
    ArithmeticError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


class FileSum(BaseModel):
    """Size and checksum of one file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int
    """Bytes."""
    sha256: str


class CheckpointManifest(Document):
    """`manifest.json` of a checkpoint, written after its files: without it there is no checkpoint."""

    epoch: int
    best: str
    """Key of the folder of the best epoch's checkpoint up to there, ending in `/`; empty if there is none."""
    files: dict[str, FileSum]


class CheckpointPointer(Document):
    """`latest.json` and `best.json` of a run, written after the checkpoint they name."""

    epoch: int
    folder: str = Field(pattern=r"^runs/[0-9A-Za-z-]+/checkpoints/[0-9A-Za-z-]+/$")
    """Key of the checkpoint's folder, ending in `/`."""
    iou: float
    """Validation IoU (mean over images) after that epoch."""


def read_checkpoint(store: Store, folder: str) -> tuple[CheckpointManifest, dict[str, bytes]]:
    """Manifest and verified files, by name, of the checkpoint in folder; DataError if it is damaged."""
    try:
        manifest = read_document(store, folder + MANIFEST, CheckpointManifest)
        files = {name: store.read(folder + name) for name in (MODEL, TRAINING)}
    except KeyMissing as error:
        raise damaged(store, folder, f"{error.args[0]} is missing") from None
    for name, data in files.items():
        entry = manifest.files.get(name)
        if entry is None or entry.size != len(data) or entry.sha256 != hashlib.sha256(data).hexdigest():
            raise damaged(store, folder, f"{name} is not what was written")
    return manifest, files


def training_state(files: dict[str, bytes]) -> dict[str, Any]:
    """The numbers and the history that a checkpoint's files hold beside tensors; DataError if it has none."""
    data = files[TRAINING]
    with readable(TRAINING):
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        state: dict[str, Any] = json.loads(header["__metadata__"][STATE])
        return state


def best_epoch(files: dict[str, bytes]) -> int:
    """The best epoch as of the checkpoint that files hold."""
    with readable(TRAINING):
        return int(training_state(files)["best_epoch"])


@contextmanager
def readable(name: str, *more: type[Exception]) -> Iterator[None]:
    """DataError for a file that is what its manifest says, and yet no part of a checkpoint.

    Whoever may write to the store may write a file with its checksum; what it holds is data all the same.

    Args:
        name: of the file.
        more: errors that mean the same, beside those of data of another form.
    """
    try:
        yield
    except (*_OF_ANOTHER_FORM, *more) as error:
        raise DataError(
            f"no file of a checkpoint of this network: {' '.join(str(error).split())[:200]}",
            where=name,
            fix="Delete the checkpoint's folder; the run goes back to the one before",
        ) from None


def damaged(store: Store, folder: str, what: str) -> DataError:
    """The error of a checkpoint that cannot be used."""
    return DataError(
        f"checkpoint damaged: {what}",
        where=f"{store.url}/{folder}",
        fix="The run goes back to the checkpoint before",
    )
