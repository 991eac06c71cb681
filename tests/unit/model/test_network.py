"""DeepLabV3+ and its variants."""

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

from kvjob.errors import ConfigurationError, DataError
from kvjob.model import Normalise, build, summarise
from kvjob.model.normalise import MEAN, STD
from kvjob.study import TrainConfig

SMALL = "tu-mobilenetv3_small_100"


def config(**fields) -> TrainConfig:
    return TrainConfig(**{"encoder": SMALL, "encoder_weights": "none", "input_size": 64, **fields})


def kinds(module: nn.Module) -> set[str]:
    return {type(part).__name__ for part in module.modules()}


@pytest.mark.parametrize("encoder", ["resnet18", SMALL, "tu-tf_efficientnet_lite0"])
def test_a_network_returns_one_logit_per_pixel(encoder):
    network = build(config(encoder=encoder)).eval()
    with torch.inference_mode():
        assert network(torch.zeros(2, 3, 64, 64)).shape == (2, 1, 64, 64)


def test_initial_weights_are_a_function_of_the_seed():
    first, again, other = (build(config(seed=seed)).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


@pytest.mark.parametrize(("activation", "kind"), [("sigmoid", "Sigmoid"), ("tanh", "Tanh")])
def test_the_decoder_alone_gets_another_activation_by_default(activation, kind):
    network = build(config(activation=activation))
    assert kind in kinds(network.decoder)
    assert "ReLU" not in kinds(network.decoder)
    assert {"ReLU", "Hardswish"} & kinds(network.encoder)


def test_all_hidden_activations_can_be_replaced_and_gates_stay():
    network = build(config(activation="tanh", activation_scope="all"))
    assert not {"ReLU", "Hardswish"} & kinds(network)
    assert "Hardsigmoid" in kinds(network.encoder)


def test_relu_leaves_the_decoder_as_it_is():
    plain, relu = build(config()), build(config(activation="relu"))
    assert [type(part) for part in plain.modules()] == [type(part) for part in relu.modules()]


@pytest.mark.parametrize("encoder", ["resnet50", "resnet34", SMALL])
def test_table_one_adds_up_to_the_network(encoder):
    wanted = config(encoder=encoder)
    summary = summarise(build(wanted), wanted)
    assert sum(group.parameters for group in summary.groups) == summary.parameters == summary.trainable
    assert summary.groups[-1].output_shape == (1, 64, 64)
    if encoder == "resnet50":
        assert summary.parameters == 26_677_585


def test_normalisation_is_imagenets():
    pixels = torch.randint(0, 256, (2, 4, 5, 3), dtype=torch.uint8)
    expected = (pixels.numpy() / 255 - np.array(MEAN)) / np.array(STD)
    images = Normalise(torch.device("cpu"))(pixels)
    assert images.numpy() == pytest.approx(expected.transpose(0, 3, 1, 2), abs=1e-5)
    assert images.is_contiguous(memory_format=torch.channels_last)


def saved(path, state):
    if path.suffix == ".safetensors":
        safetensors.torch.save_file(state, path)
    else:
        torch.save(state, path)
    return path


@pytest.mark.parametrize("name", ["weights.pt", "weights.safetensors"])
@pytest.mark.parametrize("form", ["the encoder's", "the network's", "a classifier's"])
@pytest.mark.parametrize("encoder", ["resnet18", SMALL])
def test_encoder_weights_load_from_a_file(name, form, encoder, tmp_path):
    source = build(config(encoder=encoder, seed=7))
    state = source.encoder.state_dict()
    if form == "the network's":
        state = source.state_dict()
    if form == "a classifier's":
        state = {key.removeprefix("model."): value for key, value in state.items()}
        state |= {"fc.weight": torch.zeros(10, 512), "classifier.bias": torch.zeros(10)}
    network = build(config(encoder=encoder), saved(tmp_path / name, state))
    loaded = network.encoder.state_dict()
    assert all(torch.equal(value, loaded[key]) for key, value in source.encoder.state_dict().items())


def test_weights_of_another_encoder_are_refused(tmp_path):
    path = saved(tmp_path / "weights.pt", build(config(encoder="resnet34")).encoder.state_dict())
    for encoder in ("resnet18", SMALL):
        with pytest.raises(ConfigurationError, match=f"not weights of encoder '{encoder}'"):
            build(config(encoder=encoder), path)


class Harmful:
    def __reduce__(self):
        return (print, ("executed",))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no such file"),
        (b"", "not a file of weights"),
        (b"PK\x03\x04 broken", "not a file of weights"),
        ([1, 2, 3], "other than a state_dict"),
        ({"a": Harmful()}, "not a file of weights"),
    ],
)
def test_a_file_that_holds_no_weights_is_refused_and_nothing_in_it_runs(content, said, tmp_path, capsys):
    path = tmp_path / "weights.pt"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        torch.save(content, path)
    with pytest.raises(DataError, match=said):
        build(config(encoder="resnet18"), path)
    assert "executed" not in capsys.readouterr().out


def test_imagenet_weights_that_cannot_be_had_say_what_to_do_instead(monkeypatch):
    import segmentation_models_pytorch as smp

    made = smp.DeepLabV3Plus

    def unreachable(*, encoder_name, encoder_weights, classes):
        if encoder_weights is not None:
            raise OSError("cannot reach the hub")
        return made(encoder_name=encoder_name, encoder_weights=None, classes=classes)

    monkeypatch.setattr(smp, "DeepLabV3Plus", unreachable)
    with pytest.raises(DataError, match="cannot reach the hub.*encoder_weights: FILE"):
        build(config(encoder="resnet18", encoder_weights="imagenet"))


@pytest.mark.parametrize("encoder", ["nope", "tu-nope", "vgg16"])
def test_an_unknown_encoder_is_refused(encoder):
    with pytest.raises(ConfigurationError, match=f"encoder: encoder '{encoder}'"):
        build(config(encoder=encoder))
