"""Plausible stores for the report's tests, written through the records' own types."""

import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from kvjob.experiments import CATALOGUE
from kvjob.records import layout
from kvjob.records.attempt import Attempt, EpochTiming
from kvjob.records.cause import Cause
from kvjob.records.document import write_document
from kvjob.records.run import (
    Environment,
    EpochRow,
    History,
    LayerGroup,
    ModelSummary,
    PhaseScores,
    Result,
    Sample,
    SampleIndex,
)
from kvjob.records.study import StudyRecord
from kvjob.store import Entry, KeyMissing
from kvjob.study import Experiment, Plan, PlannedRun, Study, plan
from kvjob.study.scores import mean_over_images, over_all_pixels

NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
DATASET, CODE = "d" * 12, "c" * 12
QUALITY = {"128": 0.4, "64": -0.5, "512": 0.5, "sgd": -2.0, "rmsprop": 0.35, "sigmoid": -1.2, "tanh": -0.1}
QUALITY |= {"flip": 0.3, "brightness": 0.06, "blur": -0.15, "10": -1.6, "25": -0.9, "50": -0.4, "75": -0.1}


@dataclass
class MemoryStore:
    """A store in a dict, which counts how often each object is read."""

    objects: dict[str, bytes] = field(default_factory=dict)
    reads: Counter[str] = field(default_factory=Counter)
    url: str = "memory://store"

    def read(self, key: str) -> bytes:
        self.reads[key] += 1
        try:
            return self.objects[key]
        except KeyError:
            raise KeyMissing(key) from None

    def write(self, key: str, data: bytes) -> None:
        self.objects[key] = data

    def create(self, key: str, data: bytes) -> bool:
        if key in self.objects:
            return False
        self.write(key, data)
        return True

    def prepare(self, key: str, data: bytes) -> "InMind":
        return InMind(self, key, data)

    def revoke(self, key: str) -> None:
        """Nothing is revoked here: there is a single writer."""

    def upload(self, key: str, path: Path) -> None:
        self.objects[key] = path.read_bytes()

    def fetch(self, key: str, folder: Path) -> Path:
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.read(key))
        return path

    def list(self, prefix: str = "") -> Iterator[Entry]:
        keys = sorted(key for key in self.objects if key.startswith(prefix))
        return iter([Entry(key, len(self.objects[key]), NOW) for key in keys])

    def delete(self, key: str) -> None:
        self.objects.pop(key, None)


@dataclass
class InMind:
    """What is to be written."""

    store: MemoryStore
    key: str
    data: bytes

    def commit(self) -> bool:
        self.store.write(self.key, self.data)
        return True

    def discard(self) -> None:
        """There is nothing of it yet."""


def make_study(
    store: MemoryStore,
    *experiments: str | Experiment,
    name: str = "paper",
    seeds: int = 1,
    base: dict[str, object] | None = None,
    test_images: int = 118,
    title: str = "A study",
) -> Plan:
    """Plan a study into the store; no run has started."""
    found = tuple(CATALOGUE[item] if isinstance(item, str) else item for item in experiments)
    study = Study(name=name, title=title, preset="full", seeds=seeds, base=base or {}, experiments=found)
    planned = plan(study, DATASET, CODE)
    record = StudyRecord(plan=planned, planned=NOW, image_counts={"train": 472, "test": test_images})
    write_document(store, layout.study(name, "plan.json"), record)
    return planned


def finish(
    store: MemoryStore,
    run: PlannedRun,
    *,
    epochs: int = 20,
    best: int | None = None,
    images: int = 118,
    quality: float | None = None,
    samples: int = 3,
    side: int = 64,
) -> None:
    """Leave everything that a finished run leaves."""
    start(store, run, epochs=epochs, best=best, cause="finished", quality=quality)
    counts = make_counts(run, images, _quality(run, quality))
    lines = [f"image-{i:03},{','.join(map(str, row))}" for i, row in enumerate(counts.tolist())]
    store.write(layout.run(run.key, "scores.csv"), ("\n".join(["image,tp,fp,fn,tn", *lines]) + "\n").encode())
    write_samples(store, run, samples, side, _quality(run, quality))
    test = PhaseScores(
        loss=0.2 - 0.04 * _quality(run, quality),
        mean_over_images=mean_over_images(counts),
        over_all_pixels=over_all_pixels(counts),
    )
    last = best or max(1, epochs - epochs // 5)
    result = Result(
        key=run.key, status="finished", stopped="epochs", epochs=epochs, best_epoch=last,
        images={"train": 400, "validation": 72, "test": images}, validation=test, test=test,
    )  # fmt: skip
    write_document(store, layout.run(run.key, "result.json"), result)


def diverge(store: MemoryStore, run: PlannedRun, epochs: int = 3) -> None:
    """Leave a run whose loss stopped being finite before any epoch was scored."""
    start(store, run, epochs=epochs, cause="diverged")
    result = Result(
        key=run.key, status="diverged", stopped="diverged", message=f"loss not finite in epoch {epochs + 1}",
        epochs=epochs, best_epoch=0, images={"train": 400, "validation": 72, "test": 118},
        validation=None, test=None,
    )  # fmt: skip
    write_document(store, layout.run(run.key, "result.json"), result)


def start(
    store: MemoryStore,
    run: PlannedRun,
    *,
    epochs: int = 5,
    best: int | None = None,
    cause: Cause = "running",
    message: str = "",
    quality: float | None = None,
) -> None:
    """Leave what a run leaves that has trained some epochs in one attempt."""
    rows = tuple(_row(run, epoch, epochs, best, _quality(run, quality)) for epoch in range(1, epochs + 1))
    write_document(store, layout.run(run.key, "history.json"), History(rows=rows))
    write_document(store, layout.run(run.key, "model.json"), _model(run))
    write_document(store, layout.run(run.key, "environment.json"), _environment())
    write_attempt(store, run, 1, epochs=range(1, epochs + 1), cause=cause, message=message)


def write_attempt(
    store: MemoryStore,
    run: PlannedRun,
    number: int,
    *,
    epochs: range,
    cause: Cause,
    message: str = "",
    start_up: float = 6.0,
    resumed_from: int = 0,
) -> None:
    """One attempt of 30 s an epoch."""
    seconds = start_up + 30.0 * len(epochs)
    begin = NOW - timedelta(seconds=seconds + 10)
    timings = tuple(
        EpochTiming(epoch=epoch, seconds=30.0, images_per_second=160.0, phases={"step": 25.0})
        for epoch in epochs
    )
    over = None if cause in ("running", "lost") else begin + timedelta(seconds=seconds)
    attempt = Attempt(
        number=number, started=begin, last_seen=begin + timedelta(seconds=seconds), ended=over, cause=cause,
        message=message, node="node-1", device="Example GPU", device_kind="cuda", resumed_from=resumed_from,
        epochs=timings, peak_memory_bytes=3_000_000_000,
    )  # fmt: skip
    write_document(store, layout.attempt(run.key, number), attempt)


def make_counts(run: PlannedRun, images: int, quality: float) -> NDArray[np.int64]:
    """TP, FP, FN, TN of each image, shape (images, 4): hard images are hard for every run."""
    shared = np.random.default_rng(7)
    area = shared.integers(3_000, 20_000, images)
    difficulty = shared.beta(2, 14, images)
    rng = np.random.default_rng(int(run.key, 16))
    missed = np.clip(difficulty * np.exp(-0.5 * quality) + rng.normal(0, 0.012, images), 0.004, 0.95)
    fn = (area * missed).astype(np.int64)
    fp = (area * missed * shared.uniform(0.5, 1.5, images)).astype(np.int64)
    return np.stack([area - fn, fp, fn, 256 * 256 - area - fp], axis=1)


def write_samples(store: MemoryStore, run: PlannedRun, count: int, side: int, quality: float) -> None:
    """A bent instrument before a pink wall, and predictions that miss more the worse the run is."""
    entries = []
    for number in range(count):
        names = {part: f"{number}-{part}.png" for part in ("image", "mask", "probability")}
        image, mask = _scene(number, side)
        resolution = max(8, min(side, run.config.resolution * side // 256))
        image = image.resize((resolution, resolution), Image.Resampling.BOX).resize((side, side))
        pictures = {"image": image, "mask": mask, "probability": _predict(mask, number, quality)}
        if run.config.augmentation != "none":
            flip = Image.Transpose.FLIP_LEFT_RIGHT
            pictures |= {f"augmented_{part}": picture.transpose(flip) for part, picture in pictures.items()}
            names |= {part: f"{number}-{part}.png" for part in pictures}
        for part, picture in pictures.items():
            out = io.BytesIO()
            picture.save(out, "PNG")
            store.write(layout.sample(run.key, names[part]), out.getvalue())
        entries.append(Sample(name=f"image-{number:03}", **names))
    write_document(store, layout.sample(run.key, "index.json"), SampleIndex(samples=tuple(entries)))


def _scene(number: int, side: int) -> tuple[Image.Image, Image.Image]:
    y, x = np.mgrid[:side, :side] / side
    glow = np.exp(-4 * ((x - 0.45) ** 2 + (y - 0.4 - 0.1 * number) ** 2))
    folds = 0.08 * np.sin(14 * x + 5 * np.sin(6 * y + number))
    light = np.clip(0.25 + 0.65 * glow + folds, 0, 1)
    wall = np.stack([light * 235, light * 130, light * 115], axis=-1).astype(np.uint8)
    image, mask = Image.fromarray(wall), Image.new("L", (side, side))
    path = [
        (side * 0.95, side * (0.9 - 0.2 * number)),
        (side * 0.6, side * 0.6),
        (side * 0.4, side * (0.35 + 0.1 * number)),
    ]
    for picture, colour in ((image, (120, 128, 138)), (mask, 255)):
        ImageDraw.Draw(picture).line(path, fill=colour, width=max(3, side // 9), joint="curve")
    return image, mask


def _predict(mask: Image.Image, number: int, quality: float) -> Image.Image:
    soft = mask.filter(ImageFilter.GaussianBlur(mask.width / 40 * (1 + max(0.0, -quality))))
    shift = round(mask.width / 40 * (1 - quality / 2))
    array = np.roll(np.asarray(soft, dtype=np.float64), (shift, number), axis=(0, 1))
    return Image.fromarray(np.clip(array * (1 + 0.2 * quality), 0, 255).astype(np.uint8))


def _quality(run: PlannedRun, given: float | None) -> float:
    jitter = 0.25 * np.sin(int(run.key, 16) % 97)
    return float(given if given is not None else QUALITY.get(run.roles[0].level, 0.0) + jitter)


def _row(run: PlannedRun, epoch: int, epochs: int, best: int | None, quality: float) -> EpochRow:
    rng = np.random.default_rng(int(run.key, 16) + epoch)
    progress = 1 - np.exp(-epoch / (1.5 + epochs / 8))

    def phase(bonus: float) -> PhaseScores:
        missed = float(
            np.clip(1 - progress * (0.86 + bonus + 0.04 * quality) + rng.normal(0, 0.008), 0.02, 0.98)
        )
        tp, wrong = int(9000 * (1 - missed)), int(9000 * missed)
        counts = np.array([[tp, wrong // 2, 9000 - tp, 56536 - wrong // 2]])
        scores = mean_over_images(counts)
        return PhaseScores(loss=0.05 + 0.6 * missed, mean_over_images=scores, over_all_pixels=scores)

    chosen = best or max(1, epochs - epochs // 5)
    return EpochRow(
        epoch=epoch, learning_rate=1e-4, train=phase(0.05), validation=phase(0.0), best=epoch <= chosen
    )  # fmt: skip


def _model(run: PlannedRun) -> ModelSummary:
    size = run.config.input_size
    groups = (
        LayerGroup(name="Encoder stem", output_shape=(64, size // 2, size // 2), parameters=9_536),
        LayerGroup(name="Encoder layer4", output_shape=(2048, size // 16, size // 16), parameters=14_964_736),
        LayerGroup(name="Segmentation head", output_shape=(1, size, size), parameters=257),
    )
    encoder = run.config.encoder
    total = 26_677_585 if encoder == "resnet50" else 2_000_000 + len(encoder)
    return ModelSummary(
        encoder=encoder, input_shape=(3, size, size), groups=groups, parameters=total, trainable=total
    )


def _environment() -> Environment:
    return Environment(
        kvjob="0.1.0", image="example.org/trainer@sha256:00", python="3.11.9", platform="Linux-6.1",
        libraries={"torch": "2.9.0", "numpy": "2.2.0"}, device="Example GPU", cuda="12.8",
    )  # fmt: skip
