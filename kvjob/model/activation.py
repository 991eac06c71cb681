"""Replacing the hidden activations of a network."""

from torch import nn

from kvjob.study.config import Activation

HIDDEN = frozenset(
    {
        "ReLU",
        "ReLU6",
        "LeakyReLU",
        "PReLU",
        "ELU",
        "SELU",
        "CELU",
        "GELU",
        "SiLU",
        "Swish",
        "Mish",
        "Hardswish",
    }
    | {"HardSwish", "HardMish", "Hardtanh", "Sigmoid", "Tanh"}
)
"""Class names, of torch and timm, of activations that follow a layer. A Sigmoid inside a
squeeze-and-excitation gate scales channels rather than activating them and is left alone."""

GATES = frozenset({"gate", "excitation", "attention"})
"""Names of submodules that hold a gate."""

REPLACEMENT: dict[Activation, type[nn.Module]] = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}


def replace_activations(part: nn.Module, activation: Activation) -> int:
    """Put activation in the place of every hidden activation below part.

    Returns:
        The number of activations replaced; those of the right kind already are left as they are.
    """
    replaced = 0
    for module in list(part.modules()):
        for name, child in module.named_children():
            kind = type(child)
            if kind.__name__ not in HIDDEN or kind is REPLACEMENT[activation] or name in GATES:
                continue
            setattr(module, name, REPLACEMENT[activation]())
            replaced += 1
    return replaced
