"""A run's model as TorchScript, which torch loads without kvjob."""

import warnings
from pathlib import Path

import torch
from torch import nn

from kvjob.inference.graph import FrameSegmenter
from kvjob.study.config import TrainConfig


def write_torchscript(network: nn.Module, config: TrainConfig, path: Path) -> None:
    """Write the frame segmenter of a run to path.

    The network is traced at its `input_size`, the only one it meets; what comes before and after is compiled
    from its source, so that frames may have any size. Its operations are those of the trainer, unfused.
    """
    example = torch.zeros(2, 3, config.input_size, config.input_size)
    example = example.contiguous(memory_format=torch.channels_last)
    with warnings.catch_warnings(), torch.inference_mode(False), torch.no_grad():
        warnings.simplefilter("ignore")  # of tracing: sizes become constants, as they shall
        traced = torch.jit.trace(network.eval(), example, check_trace=False)  # type: ignore[no-untyped-call]
        scripted = torch.jit.script(FrameSegmenter(traced, config).eval())
        torch.jit.save(scripted, str(path))
