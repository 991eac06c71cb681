"""How much memory a run's pod asks for."""

import math

from kvjob.study import TrainConfig

MIB = 2**20

CPU_BASE = 1536 * MIB
"""Python, torch, ResNet-50 with gradients, optimiser state, and two copies on their way to the store."""
CPU_BYTES_PER_PIXEL = 3200
"""Activations of a ResNet-50 per pixel of a batch; other encoders keep less."""

GPU_BASE = 4096 * MIB
"""The same, and CUDA's context and libraries; activations are in the GPU's own memory."""
GPU_BYTES_PER_PIXEL = 8
"""An image and its mask, once as read and once on their way to the GPU."""

KVASIR_IMAGES = 590
"""Images of Kvasir-Instrument, taken where it is not known yet which data set there will be."""

STEP = 256 * MIB
"""Requests are multiples of it."""


def memory_request(config: TrainConfig, images: int, gpus: int) -> int:
    """Bytes of memory that a pod training config needs on the host, rounded up.

    Args:
        config: the run's configuration.
        images: number of images of the data set.
        gpus: GPUs of the pod; without any, the network's activations are on the host.
    """
    pixels = config.input_size**2
    if gpus:
        needed = GPU_BASE + images * pixels * GPU_BYTES_PER_PIXEL
    else:
        needed = CPU_BASE + config.batch_size * pixels * CPU_BYTES_PER_PIXEL
    return math.ceil(needed / STEP) * STEP


def quantity(size: int) -> str:
    """Bytes as Kubernetes writes them, in whole MiB."""
    return f"{math.ceil(size / MIB)}Mi"
