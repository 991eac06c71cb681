"""`kvjob predict`: masks from a trained run, or from an exported model."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kvjob.cli.place import AnyStoreOption, ContextOption, NamespaceOption, opened
from kvjob.cli.torch import torch_needed
from kvjob.errors import ConfigurationError

if TYPE_CHECKING:
    from kvjob.inference.segment import Segmenter

RunOption = Annotated[
    str | None,
    typer.Option(
        metavar="KEY",
        help="Run key, or best: the highest validation IoU among finished runs; best unless given.",
    ),
]
FromStudyOption = Annotated[
    str | None, typer.Option(metavar="NAME", help="Study whose runs are meant; the whole store unless given.")
]


def predict(
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="Images to segment.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder that receives masks and overlays.")],
    run: RunOption = None,
    study: FromStudyOption = None,
    model: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="What `kvjob export` wrote, instead of a run: its folder, an .onnx or a .pt file.",
        ),
    ] = None,
    store: AnyStoreOption = None,
    namespace: NamespaceOption = None,
    context: ContextOption = None,
) -> None:
    """Segment images with the weights of a trained run, or with an exported model."""
    if model is None:
        found = _of_run(run or "best", study, store, namespace, context)
    else:
        given = {"--run": run, "--study": study, "--store": store, "-n": namespace, "--context": context}
        if named := [name for name, value in given.items() if value is not None]:
            raise ConfigurationError(
                f"names a file, which needs no {named[0]}",
                where=f"--model {model}",
                fix="Give one of the two",
            )
        found = _of_file(model)
    with found as segmenter:
        from kvjob.inference.segment import predict_images

        for prediction in predict_images(segmenter, images, out):
            share = f"{prediction.share:.1%} of the image is instrument"
            typer.echo(f"{prediction.mask}  {prediction.overlay}  {share}")


@contextmanager
def _of_run(
    run: str, study: str | None, store: str | None, namespace: str | None, context: str | None
) -> "Iterator[Segmenter]":
    with torch_needed("predict"):
        from kvjob.inference.trained import RunSegmenter
    from kvjob.inference.choose import choose_run

    with opened(store, namespace, context) as (place, _):
        segmenter = RunSegmenter(place, choose_run(place, run, study))
    yield segmenter


@contextmanager
def _of_file(model: Path) -> "Iterator[Segmenter]":
    from kvjob.inference.model_file import open_model

    with torch_needed("predict"):
        segmenter = open_model(model)
    yield segmenter
