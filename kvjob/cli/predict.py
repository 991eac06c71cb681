"""`kvjob predict`: masks from a trained run."""

from pathlib import Path
from typing import Annotated

import typer

from kvjob.cli.options import StoreOption
from kvjob.cli.torch import torch_needed


def predict(
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="Images to segment.")],
    store: StoreOption,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder that receives masks and overlays.")],
    run: Annotated[
        str, typer.Option(metavar="KEY", help="Run key, or best: the highest validation IoU in the store.")
    ] = "best",
) -> None:
    """Segment images with the weights of a trained run."""
    with torch_needed("predict"):
        from kvjob.train import predict_images
    from kvjob.store import open_store

    for prediction in predict_images(open_store(store), run, images, out):
        share = f"{prediction.share:.1%} of the image is instrument"
        typer.echo(f"{prediction.mask}  {prediction.overlay}  {share}")
