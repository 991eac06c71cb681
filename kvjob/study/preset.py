"""Presets: base configurations for the hardware at hand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from kvjob.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Preset:
    """A named base configuration."""

    name: str
    summary: str
    base: Mapping[str, Any]
    """Fields of TrainConfig that differ from its defaults."""
    levels: Mapping[str, tuple[int, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """Experiments whose levels would take hours on this hardware, and the levels used instead."""


PRESETS = {
    preset.name: preset
    for preset in (
        Preset(
            "full",
            "the paper's: ResNet-50 with ImageNet weights at 256 px, for a GPU",
            {"precision": "bfloat16", "cpu_threads": 4, "batch_size": 16},
        ),
        Preset(
            "cpu",
            "MobileNetV3-small from scratch at 128 px, minutes on two cores",
            {
                "encoder": "tu-mobilenetv3_small_100",
                "encoder_weights": "none",
                "input_size": 128,
                "learning_rate": 1e-3,
                "epochs": 12,
                "early_stop_patience": 6,
                "lr_patience": 3,
            },
            {"input_size": (64, 96, 128, 160)},
        ),
        Preset(
            "smoke",
            "the same at 64 px and two epochs, seconds; shows that everything works and nothing else",
            {
                "encoder": "tu-mobilenetv3_small_100",
                "encoder_weights": "none",
                "input_size": 64,
                "learning_rate": 1e-3,
                "epochs": 2,
            },
            {"input_size": (32, 48, 64, 80)},
        ),
    )
}


def preset(name: str) -> Preset:
    """The preset of that name; ConfigurationError lists those there are."""
    try:
        return PRESETS[name]
    except KeyError:
        raise ConfigurationError(
            f"unknown preset {name!r}", where="preset", fix=f"Choose one of {', '.join(PRESETS)}"
        ) from None
