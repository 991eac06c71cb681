"""What a report draws pictures from: a data set of invented scenes, and what runs saw in them."""

import hashlib
import io

import cv2
import numpy as np
from numpy.typing import NDArray

from kvjob.data import DatasetManifest
from kvjob.data.manifest import images_file, masks_file
from kvjob.data.synth.scene import draw_scene
from kvjob.records import layout
from kvjob.records.checkpoint import FileSum
from kvjob.records.document import write_document
from kvjob.records.predictions import NAME, encode_predictions
from kvjob.records.run import Sample, SampleIndex
from kvjob.store import Store
from kvjob.study import PlannedRun
from tests.unit.report.example import DATASET, QUALITY

SIDE = 256
TEST, TRAIN = 118, 472
DRAWN = 24
"""Scenes of the training part, which are repeated: a report looks at two."""
SAMPLES = 3


class Pictures:
    """The scenes, drawn once."""

    def __init__(self) -> None:
        scenes = [draw_scene(0, index) for index in range(TEST + DRAWN)]
        size = SIDE, SIDE
        self.images = np.stack(
            [cv2.resize(each.image, size, interpolation=cv2.INTER_AREA) for each in scenes]
        )
        masks = [cv2.resize(each.mask, size, interpolation=cv2.INTER_AREA) >= 128 for each in scenes]
        self.masks = np.stack(masks)

    def write_pack(self, store: Store) -> None:
        """The data set as the baseline's network sees it, as large as Kvasir-Instrument."""
        places = [*range(TEST), *(TEST + number % DRAWN for number in range(TRAIN))]
        files = {}
        for name, array in ((images_file(SIDE), self.images), (masks_file(SIDE), self.masks.view(np.uint8))):
            out = io.BytesIO()
            np.save(out, array[places])
            data = out.getvalue()
            store.write(layout.dataset(DATASET, name), data)
            files[name] = FileSum(size=len(data), sha256=hashlib.sha256(data).hexdigest())
        manifest = DatasetManifest(
            dataset=DATASET,
            names=tuple(f"image-{number:03}" for number in range(len(places))),
            train=tuple(range(TEST, len(places))),
            test=tuple(range(TEST)),
            native_sizes=((SIDE, SIDE),) * len(places),
            mask_shares=tuple(float(self.masks[place].mean()) for place in places),
            files=files,
        )
        write_document(store, layout.dataset(DATASET, "manifest.json"), manifest)

    def predict(self, store: Store, run: PlannedRun) -> None:
        """Predictions for all test images, moved farther the worse the run is, with their scores."""
        rng = np.random.default_rng(int(run.key, 16))
        truth = self.masks[:TEST]
        away = 2.0 - 0.5 * QUALITY.get(run.roles[0].level, rng.normal(0, 0.3))
        found = np.stack([_moved(mask, rng.normal(0, away, 2)) for mask in truth])
        counts = np.stack(
            [np.count_nonzero(each, axis=(1, 2)) for each in
             (truth & found, found & ~truth, truth & ~found, ~truth & ~found)], axis=1,
        )  # fmt: skip
        lines = [f"image-{n:03},{','.join(map(str, row))}" for n, row in enumerate(counts.tolist())]
        table = "\n".join(["image,tp,fp,fn,tn", *lines]) + "\n"
        store.write(layout.run(run.key, "scores.csv"), table.encode())
        store.write(layout.run(run.key, NAME), encode_predictions(found))
        self._write_samples(store, run, found)

    def _write_samples(self, store: Store, run: PlannedRun, found: NDArray[np.bool_]) -> None:
        """As the trainer leaves them; augmented ones too, where the run augments."""
        samples = []
        for number in range(SAMPLES):
            parts = {
                "image": self.images[number][..., ::-1],
                "mask": self.masks[number] * np.uint8(255),
                "probability": cv2.GaussianBlur(found[number] * np.uint8(255), (0, 0), 1.5),
            }
            if run.config.augmentation != "none":
                parts |= {f"augmented_{part}": picture[:, ::-1] for part, picture in parts.items()}
            names = {part: f"{number}-{part}.png" for part in parts}
            for part, picture in parts.items():
                store.write(layout.sample(run.key, names[part]), bytes(cv2.imencode(".png", picture)[1]))
            samples.append(Sample(name=f"image-{number:03}", **names))
        write_document(store, layout.sample(run.key, "index.json"), SampleIndex(samples=tuple(samples)))


def _moved(mask: NDArray[np.bool_], by: NDArray[np.float64]) -> NDArray[np.bool_]:
    right, down = by.round().astype(int)
    moved: NDArray[np.bool_] = np.roll(mask, (down, right), axis=(0, 1))
    moved[:: 2 + abs(right) * 8] &= mask[:: 2 + abs(right) * 8]
    return moved
