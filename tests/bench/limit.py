"""The no-data limit: the same network trained on one resident batch, over and over."""

import time

import torch
from segmentation_models_pytorch import DeepLabV3Plus
from torch.nn.functional import binary_cross_entropy_with_logits

from tests.bench.cases import BATCH, Case


def limit(case: Case, precision: str, threads: int, _data: object) -> float:
    """Images per second."""
    torch.set_num_threads(threads)
    network = DeepLabV3Plus(encoder_name=case.encoder, encoder_weights=None, classes=1)
    network = network.to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.Adam(network.parameters(), fused=True)
    images = torch.rand(BATCH, 3, case.side, case.side).to(memory_format=torch.channels_last)
    masks = torch.randint(0, 2, (BATCH, 1, case.side, case.side)).float()

    def epoch() -> None:
        for _ in range(case.images // BATCH):
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
                logits = network(images)
            binary_cross_entropy_with_logits(logits.float(), masks).backward()
            optimizer.step()

    epoch()
    begin = time.perf_counter()
    for _ in range(case.epochs):
        epoch()
    return case.images * case.epochs / (time.perf_counter() - begin)
