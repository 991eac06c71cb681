"""A data set of bars in the store, and runs that found more or less of them: pictures that can be counted."""

import hashlib
import io

import numpy as np
from numpy.typing import NDArray

from kvjob.data import DatasetManifest
from kvjob.records import layout
from kvjob.records.checkpoint import FileSum
from kvjob.records.document import write_document
from kvjob.records.predictions import NAME, encode_predictions
from kvjob.study import PlannedRun
from tests.unit.report.example import DATASET, MemoryStore, finish

SIDE = 32
NAMES = ("ant", "bee", "cat", "dog", "elk")


def pack(store: MemoryStore, side: int = SIDE) -> None:
    """Test images of noise, in each of which a bar of ten rows is the instrument."""
    rng = np.random.default_rng(0)
    masks = np.zeros((len(NAMES), side, side), np.uint8)
    masks[:, :10] = 1
    arrays = {"images": rng.integers(0, 255, (len(NAMES), side, side, 3), dtype=np.uint8), "masks": masks}
    files = {}
    for kind, array in arrays.items():
        out = io.BytesIO()
        np.save(out, array)
        data, name = out.getvalue(), f"{kind}-{side}.npy"
        store.write(layout.dataset(DATASET, name), data)
        files[name] = FileSum(size=len(data), sha256=hashlib.sha256(data).hexdigest())
    manifest = DatasetManifest(
        dataset=DATASET, names=NAMES, train=(), test=tuple(range(len(NAMES))),
        native_sizes=((side, side),) * len(NAMES), mask_shares=(0.5,) * len(NAMES), files=files,
    )  # fmt: skip
    write_document(store, layout.dataset(DATASET, "manifest.json"), manifest)


def found(rows: dict[str, int], side: int = SIDE) -> NDArray[np.bool_]:
    """Predictions that hold that many rows of each image's bar: an IoU of rows / 10."""
    masks = np.zeros((len(rows), side, side), bool)
    for mask, count in zip(masks, rows.values(), strict=True):
        mask[:count] = True
    return masks


def predict(store: MemoryStore, run: PlannedRun, rows: dict[str, int], side: int = SIDE) -> None:
    """Finish a run with these predictions and the scores that belong to them."""
    finish(store, run, epochs=2, samples=1, side=16)
    lines = ["image,tp,fp,fn,tn"]
    for name, count in rows.items():
        hit = min(count, 10)
        counts = [hit, count - hit, 10 - hit, side - 10 - (count - hit)]
        lines.append(",".join([name, *(str(side * each) for each in counts)]))
    store.write(layout.run(run.key, "scores.csv"), ("\n".join(lines) + "\n").encode())
    store.write(layout.run(run.key, NAME), encode_predictions(found(rows, side)))
