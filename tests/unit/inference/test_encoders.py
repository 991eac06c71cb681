"""Networks of every family of the catalogue can be exported, whatever their activations and sizes."""

import numpy as np
import pytest
import torch

from kvjob.data.image import at_size, to_square
from kvjob.inference.onnx_model import OnnxModel
from kvjob.inference.onnx_write import write_onnx
from kvjob.inference.torchscript_model import TorchScriptModel
from kvjob.inference.torchscript_write import write_torchscript
from kvjob.model import Normalise, build
from kvjob.study.config import TrainConfig

FRAMES = np.random.default_rng(0).integers(0, 256, (2, 90, 70, 3), dtype=np.uint8)


def network(**fields):
    config = TrainConfig(encoder_weights="none", **fields)
    return build(config).eval().to(memory_format=torch.channels_last), config


def probabilities(made, config) -> np.ndarray:
    """As the trainer has them, of FRAMES."""
    small = np.stack([to_square(frame, config.resolution) for frame in FRAMES])
    pixels = torch.from_numpy(at_size(small, config.input_size))
    with torch.inference_mode():
        return made(Normalise(torch.device("cpu"))(pixels)).sigmoid()[:, 0].numpy()


@pytest.mark.parametrize(
    "fields",
    [
        {"encoder": "resnet18", "input_size": 64},
        {"encoder": "resnet50", "input_size": 32, "resolution": 96, "activation": "tanh"},
        {"encoder": "tu-tf_efficientnet_lite0", "input_size": 96, "activation": "sigmoid"},
        {"encoder": "tu-mobilenetv3_small_100", "input_size": 48, "activation_scope": "all"},
    ],
    ids=lambda fields: fields["encoder"],
)
def test_torchscript_has_the_very_probabilities(fields, tmp_path):
    torch.set_num_threads(1)
    made, config = network(**fields)
    write_torchscript(made, config, tmp_path / "model.pt")
    mask, probability = TorchScriptModel(tmp_path / "model.pt").run(FRAMES)
    assert mask.shape == FRAMES.shape[:3]
    assert (probability == probabilities(made, config)).all()


def test_onnx_has_them_but_for_the_order_of_sums(tmp_path):
    """Of a ResNet; `test_export` has a MobileNet, and every export checks itself on the whole test set."""
    made, config = network(encoder="resnet18", input_size=64, activation="tanh", activation_scope="all")
    write_onnx(made, config, tmp_path / "model.onnx")
    mask, probability = OnnxModel(tmp_path / "model.onnx", threads=1).run(FRAMES)
    assert mask.shape == FRAMES.shape[:3]
    assert np.abs(probability - probabilities(made, config)).max() < 1e-5
