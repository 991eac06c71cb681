"""A batch in parts: the same step of the optimiser, whatever fits into memory at once."""

import numpy as np
import pytest
import torch
from torch import nn

from kvjob.records.live import Live
from kvjob.study.config import TrainConfig
from kvjob.train.batches import Images
from kvjob.train.epoch import Passes
from kvjob.train.stop import StopRequest

CPU = torch.device("cpu")


class Silent:
    def send(self, event, **facts):
        return

    def close(self):
        return


class Sized(nn.Module):
    """Two convolutions without BatchNorm, whose statistics are those of what it sees at once."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 1, 1))
        self.sizes: list[int] = []

    def forward(self, pixels):
        self.sizes.append(len(pixels))
        return self.layers(pixels)


def trained(micro: int, images: int = 22):
    chance = np.random.default_rng(1)
    pixels = chance.integers(0, 255, (images, 16, 16, 3), dtype=np.uint8)
    masks = (pixels[..., 0] > 128).astype(np.uint8)
    config = TrainConfig(batch_size=8, loss="bce", augmentation="none", input_size=64, resolution=64)
    passes = Passes(config, Images(pixels, masks, CPU), CPU, micro, StopRequest(), Silent(), Live())
    torch.manual_seed(1)
    network = Sized()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.5, momentum=0.9)
    scores = passes.train(network, optimizer, np.arange(images), 1)
    return network, scores, passes


@pytest.mark.parametrize("micro", [4, 3, 2])
def test_a_batch_in_parts_moves_the_weights_as_the_whole_does(micro):
    whole, whole_scores, _ = trained(8)
    parts, scores, _ = trained(micro)
    assert whole.sizes == [8, 8, 6]
    assert max(parts.sizes) <= micro
    assert sum(parts.sizes) == sum(whole.sizes)
    for one, other in zip(whole.parameters(), parts.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)
    assert scores.loss == pytest.approx(whole_scores.loss, rel=1e-6)
    assert scores.mean_over_images.iou == pytest.approx(whole_scores.mean_over_images.iou, abs=1e-3)


def test_scoring_takes_no_more_at_once_than_training_could_and_scores_the_same():
    network, _, passes = trained(8)
    whole, counts = passes.score(network, np.arange(22))
    small = trained(2)[2]
    network.sizes.clear()
    parts, same = small.score(network, np.arange(22))
    assert max(network.sizes) == 2
    assert torch.equal(counts, same)
    assert parts.loss == pytest.approx(whole.loss, rel=1e-6)
