"""Everything a run works with: data on the device, network, optimiser."""

from dataclasses import dataclass
from pathlib import Path

import torch

from kvjob.data import Split, at_size, load, split
from kvjob.data.manifest import DatasetManifest
from kvjob.errors import DataError
from kvjob.model import HUB_WEIGHTS, build
from kvjob.records.run import EpochRow
from kvjob.store import KeyMissing, Store
from kvjob.study.config import TrainConfig
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


def prepare(
    store: Store,
    plan: Plan,
    config: TrainConfig,
    cache: Path,
    device: torch.device,
    micro_batch: int,
    stop: StopRequest,
    report: Reporter,
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
    passes = Passes(config, images, device, micro_batch, stop, report)
    return Workbench(pack.manifest, parts, images, learner, passes)


def _weights_file(store: Store, config: TrainConfig, cache: Path) -> Path | None:
    if config.encoder_weights in HUB_WEIGHTS:
        return None
    try:
        return store.fetch(config.encoder_weights, cache)
    except KeyMissing:
        raise DataError(
            "the store does not hold these weights",
            where=f"encoder_weights {config.encoder_weights}",
            fix="Plan the study again on the machine that has the file",
        ) from None
