"""A run's model as ONNX."""

import warnings
from pathlib import Path

import onnx
import onnxscript  # noqa: F401  (torch writes ONNX with it, and would say less if it is missing)
import torch
from torch import nn

from kvjob.errors import ConfigurationError
from kvjob.inference.graph import FrameSegmenter
from kvjob.inference.onnx_model import INPUT, OUTPUTS
from kvjob.study.config import TrainConfig

OPSET = 20
"""Version of ONNX's operators that the model uses."""


def write_onnx(network: nn.Module, config: TrainConfig, path: Path) -> None:
    """Write the frame segmenter of a run to path, one file, and check it.

    Raises:
        ConfigurationError: the encoder does what ONNX cannot say.
    """
    segmenter = FrameSegmenter(network, config).eval()
    example = torch.zeros(2, config.resolution + 9, config.resolution + 5, 3, dtype=torch.uint8)
    axes = {0: torch.export.Dim("images"), 1: torch.export.Dim("height"), 2: torch.export.Dim("width")}
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                segmenter,
                (example,),
                dynamo=True,
                opset_version=OPSET,
                input_names=[INPUT],
                output_names=list(OUTPUTS),
                dynamic_shapes={"images": axes},
                verbose=False,
            )
            assert program is not None
            program.save(str(path), external_data=False)
        onnx.checker.check_model(str(path), full_check=True)
    except (torch.onnx.OnnxExporterError, onnx.checker.ValidationError) as error:
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)[:200]
        raise ConfigurationError(
            f"torch cannot write {config.encoder!r} as ONNX: {reason}",
            where="encoder",
            fix="Export a run with an encoder of the catalogue",
        ) from None
