"""Pointers to checkpoints and the checksums that make a checkpoint trustworthy."""

from pydantic import BaseModel, ConfigDict

from kvjob.records.document import Document


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
    folder: str
    """Key of the checkpoint's folder, ending in `/`."""
    iou: float
    """Validation IoU (mean over images) after that epoch."""
