"""The no-data limit: the same network trained on one resident batch, over and over."""

import time

import torch
from segmentation_models_pytorch import DeepLabV3Plus
from torch.nn.functional import binary_cross_entropy_with_logits

from tests.bench.cases import BATCH, WARM_UP, Case

PATIENCE_SECONDS = 30
"""Where a processor only emulates bfloat16, a step can take minutes, and the first tells enough."""


def limit(case: Case, precision: str, threads: int, _data: object) -> float:
    """Images per second."""
    torch.set_num_threads(threads)
    network = DeepLabV3Plus(encoder_name=case.encoder, encoder_weights=None, classes=1)
    network = network.to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.Adam(network.parameters(), fused=True)
    images = torch.rand(BATCH, 3, case.side, case.side).to(memory_format=torch.channels_last)
    masks = torch.randint(0, 2, (BATCH, 1, case.side, case.side)).float()

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            logits = network(images)
        binary_cross_entropy_with_logits(logits.float(), masks).backward()
        optimizer.step()

    begin = time.perf_counter()
    for _ in range(WARM_UP // BATCH):
        step()
        if (seconds := time.perf_counter() - begin) > PATIENCE_SECONDS:
            return BATCH / seconds
    begin = time.perf_counter()
    trained, seconds = 0, 0.0
    while trained < case.images and seconds < PATIENCE_SECONDS:
        step()
        trained, seconds = trained + BATCH, time.perf_counter() - begin
    return trained / seconds
