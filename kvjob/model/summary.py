"""Table I: the network group by group."""

import torch
from torch import Tensor, nn

from kvjob.records.run import LayerGroup, ModelSummary
from kvjob.study.config import TrainConfig

DECODER_GROUPS = {
    "decoder.aspp": "Atrous spatial pyramid pooling",
    "decoder.block1": "Low-level features (48 channels)",
    "decoder.block2": "Fusion of both",
    "segmentation_head": "Segmentation head",
}


def summarise(network: nn.Module, config: TrainConfig) -> ModelSummary:
    """Output shape and parameters of every layer group, for one image of `input_size`.

    Parameters outside the groups are none: the groups' numbers add up to the network's.
    """
    shape = (3, config.input_size, config.input_size)
    groups = _encoder_groups(network.get_submodule("encoder")) | DECODER_GROUPS
    shapes = _output_shapes(network, list(groups), shape)
    rows = [
        LayerGroup(name=title, output_shape=shapes[path], parameters=_count(network.get_submodule(path)))
        for path, title in groups.items()
        if path in shapes
    ]
    return ModelSummary(
        encoder=config.encoder,
        input_shape=shape,
        groups=tuple(rows),
        parameters=_count(network),
        trainable=sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad),
    )


def _encoder_groups(encoder: nn.Module) -> dict[str, str]:
    path, part = "encoder", encoder
    children = dict(part.named_children())
    if len(children) == 1:
        path, part = f"{path}.{next(iter(children))}", next(iter(children.values()))
    groups: dict[str, str] = {}
    for name, child in part.named_children():
        if name == "blocks":
            groups |= {f"{path}.{name}.{i}": f"Encoder {name}.{i}" for i, _ in enumerate(child.children())}
        elif _count(child):
            groups[f"{path}.{name}"] = f"Encoder {name}"
    return groups


def _output_shapes(
    network: nn.Module, paths: list[str], shape: tuple[int, ...]
) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}

    def note(path: str) -> object:
        def hook(_module: nn.Module, _inputs: object, output: Tensor) -> None:
            shapes[path] = tuple(output.shape[1:])

        return network.get_submodule(path).register_forward_hook(hook)

    hooks = [note(path) for path in paths]
    training = network.training
    network.eval()
    with torch.inference_mode():
        network(torch.zeros(1, *shape, device=next(network.parameters()).device))
    network.train(training)
    for hook in hooks:
        hook.remove()  # type: ignore[attr-defined]
    return shapes


def _count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
