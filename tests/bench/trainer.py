"""kvjob's trainer: its own passes, meter and background writer, on a packed data set."""

import tempfile
import time
from pathlib import Path

from kvjob.data import at_size, load, open_source, prepare, sizes_for
from kvjob.records.live import Live
from kvjob.records.run import EpochRow
from kvjob.store import open_store
from kvjob.train.batches import Images
from kvjob.train.checkpoint import Checkpoints
from kvjob.train.device import prepare_device
from kvjob.train.epoch import Passes
from kvjob.train.optimizer import make_optimizer, make_schedule
from kvjob.train.progress import LineReporter
from kvjob.train.snapshot import Learner, take
from kvjob.train.stop import StopRequest
from kvjob.train.stopping import EarlyStopping
from kvjob.train.writer import BackgroundWriter
from tests.bench.cases import WARM_UP, Case


def trainer(case: Case, precision: str, threads: int, data: Path, live: Live | None = None) -> float:
    """Images per second of an epoch whose checkpoint is taken, written and waited for, as after the last."""
    live = live or Live()
    import numpy as np
    import torch

    from kvjob.model import build

    config = case.config(precision, threads)
    device = prepare_device(config)
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(folder)
        with open_source(data) as source:
            manifest = prepare(source, store, sizes_for([config]))
        pack = load(store, manifest.dataset, config.resolution, config.input_size, Path(folder) / "cache")
        images = Images(at_size(pack.images, config.input_size), pack.masks, device)
        network = build(config).to(device, memory_format=torch.channels_last)
        optimizer = make_optimizer(config, network.parameters())
        learner = Learner(network, optimizer, make_schedule(config, optimizer), EarlyStopping(99))
        passes = Passes(config, images, device, config.batch_size, StopRequest(), LineReporter(), live)
        passes.train(network, optimizer, np.arange(WARM_UP), 1)
        begin = time.perf_counter()
        with BackgroundWriter(Checkpoints(store, "bench", live), lambda _attempt: None) as writer:
            scores = passes.train(network, optimizer, np.arange(case.images), 1)
            best = learner.stopping.better(1, scores.mean_over_images.iou)
            row = EpochRow(epoch=1, learning_rate=1e-3, train=scores, validation=scores, best=best)
            writer.submit(take(learner, (row,)), None)
            writer.flush()
        return case.images / (time.perf_counter() - begin)
