"""DeepLabV3+ (Chen et al. 2018, arXiv:1802.02611) as a configuration describes it."""

from pathlib import Path

import segmentation_models_pytorch as smp
import torch
from torch import nn

from kvjob.errors import ConfigurationError, DataError
from kvjob.model.activation import replace_activations
from kvjob.model.weights import load_encoder_weights
from kvjob.study.config import TrainConfig


def build(config: TrainConfig, weights: Path | None = None) -> nn.Module:
    """The network with initial weights, a function of the configuration alone.

    It takes images of shape (n, 3, input_size, input_size), normalised by `normalise`, and returns logits of
    shape (n, 1, input_size, input_size); the probability of instrument is their sigmoid.

    Args:
        config: the run's configuration.
        weights: the file that `encoder_weights` stands for, if it is neither `imagenet` nor `none`.

    Raises:
        ConfigurationError: no such encoder, or weights of another one.
        DataError: the weights cannot be had or read.
    """
    torch.manual_seed(config.seed)
    network = _deeplab(config.encoder, config.encoder_weights if weights is None else "none")
    if weights is not None:
        load_encoder_weights(network.get_submodule("encoder"), weights, config.encoder)
    part = network if config.activation_scope == "all" else network.get_submodule("decoder")
    replace_activations(part, config.activation)
    return network


def skeleton(config: TrainConfig) -> nn.Module:
    """The network of config for weights that are about to be loaded: no initial ones are fetched."""
    return build(config.model_copy(update={"encoder_weights": "none"}))


def _deeplab(encoder: str, weights: str) -> nn.Module:
    # smp's timm encoders know one set of weights, and ask for it by True
    hub = None if weights == "none" else True if encoder.startswith("tu-") else weights
    try:
        network: nn.Module = smp.DeepLabV3Plus(encoder_name=encoder, encoder_weights=hub, classes=1)
    except (KeyError, NotImplementedError, ValueError, RuntimeError, AttributeError, AssertionError) as error:
        if hub is not None and _exists(encoder):
            raise _no_weights(encoder, error) from None
        raise ConfigurationError(
            f"encoder {encoder!r}: segmentation-models-pytorch makes no DeepLabV3+ of it",
            where="encoder",
            fix="Use one of its encoders that can be dilated, such as resnet18, resnet34, resnet50, "
            "tu-mobilenetv3_small_100 or tu-tf_efficientnet_lite0",
        ) from None
    except Exception as error:  # the hub's clients raise many kinds, from OSError to their own
        if hub is None:
            raise
        raise _no_weights(encoder, error) from None
    return network


def _exists(encoder: str) -> bool:
    try:
        smp.DeepLabV3Plus(encoder_name=encoder, encoder_weights=None, classes=1)
    except Exception:
        return False
    return True


def _no_weights(encoder: str, error: Exception) -> DataError:
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    return DataError(
        f"ImageNet weights of {encoder!r} cannot be had: {reason}",
        where="encoder_weights",
        fix="Allow access to the model hub, give a file of them (encoder_weights: FILE), or train from "
        "scratch (encoder_weights: none)",
    )
