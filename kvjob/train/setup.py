"""Everything a run works with: data on the device, network, optimiser."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import torch

from kvjob.data import Split, at_size, load, split
from kvjob.data.manifest import DatasetManifest
from kvjob.errors import DataError
from kvjob.model import build
from kvjob.records import layout
from kvjob.records.live import Live
from kvjob.records.run import EpochRow
from kvjob.store import KeyMissing, Store
from kvjob.study.config import HUB_WEIGHTS, TrainConfig
from kvjob.study.plan import Plan
from kvjob.train.batches import Images
from kvjob.train.epoch import Passes
from kvjob.train.loop import Part
from kvjob.train.optimizer import make_optimizer, make_schedule
from kvjob.train.progress import Reporter
from kvjob.train.snapshot import Learner, restore
from kvjob.train.stop import StopRequest
from kvjob.train.stopping import EarlyStopping


@dataclass(slots=True)
class Workbench:
    """What a run works with."""

    manifest: DatasetManifest
    split: Split
    images: Images
    learner: Learner
    passes: Passes

    @property
    def part(self) -> Part:
        """Indices that training sees."""
        return Part(self.split.train, self.split.validation)

    def restore(self, files: dict[str, bytes]) -> tuple[EpochRow, ...]:
        """Go back to a checkpoint; the history up to it."""
        return restore(self.learner, files)


def set_up(
    store: Store,
    plan: Plan,
    config: TrainConfig,
    cache: Path,
    device: torch.device,
    micro_batch: int,
    stop: StopRequest,
    report: Reporter,
    live: Live,
) -> Workbench:
    """Load a run's data set and build its network; arguments as in train_run.

    Raises:
        DataError: packs or weights are missing or damaged.
        ConfigurationError: no such encoder, weights of another, or too few training images.
    """
    pack = load(store, plan.dataset, config.resolution, config.input_size, cache)
    parts = split(pack.manifest, config.protocol, config.train_fraction)
    images = Images(at_size(pack.images, config.input_size), pack.masks, device)
    network = build(config, _weights_file(store, config, cache))
    network = network.to(device).to(memory_format=torch.channels_last)
    optimizer = make_optimizer(config, network.parameters())
    learner = Learner(
        network, optimizer, make_schedule(config, optimizer), EarlyStopping(config.early_stop_patience)
    )
    passes = Passes(config, images, device, micro_batch, stop, report, live)
    return Workbench(pack.manifest, parts, images, learner, passes)


def _weights_file(store: Store, config: TrainConfig, cache: Path) -> Path | None:
    key = config.encoder_weights
    if key in HUB_WEIGHTS:
        return None
    try:
        path = store.fetch(key, cache)
    except KeyMissing:
        raise _weights_error("the store does not hold these weights", key) from None
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if not key.startswith(layout.weights(digest[:16], "")):
        raise _weights_error("damaged: their bytes are not those that were brought", key)
    return path


def _weights_error(what: str, key: str) -> DataError:
    fix = "Delete them and plan the study again on the machine that has the file"
    return DataError(what, where=f"encoder_weights {key}", fix=fix)
