"""`kvjob data`: make, fetch and check data sets."""

from pathlib import Path
from typing import Annotated

import typer

from kvjob.cli.progress import bar
from kvjob.errors import ExitCode

app = typer.Typer(help="Make, fetch and check data sets.", no_args_is_help=True)
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the data set.")]


@app.command()
def synth(
    folder: Folder,
    images: Annotated[int, typer.Option(help="Number of images.", min=5, max=100_000)] = 590,
    seed: Annotated[int, typer.Option(help="Seed; every image is a function of it.", min=0)] = 0,
) -> None:
    """Make a data set like Kvasir-Instrument, in its layout and with its split."""
    from kvjob.data import synthesize

    with bar("Drawing images") as progress:
        synthesize(folder, images=images, seed=seed, progress=progress)
    typer.echo(f"{images} images in {folder}")


@app.command()
def fetch(folder: Folder) -> None:
    """Download Kvasir-Instrument and check it; run it again to go on after an interruption."""
    from kvjob.data import fetch as fetch_data

    with bar("Downloading", unit="bytes") as progress:
        fetch_data(folder, progress=progress)
    typer.echo(f"Kvasir-Instrument is in {folder}")


@app.command()
def check(folder: Folder) -> None:
    """Say what is wrong with a data set, file by file."""
    from kvjob.data import check as check_data
    from kvjob.data import open_source

    with open_source(folder) as source:
        with bar("Checking images") as progress:
            findings = check_data(source, progress)
        for finding in findings:
            typer.echo(f"{finding.severity}: {finding.file}: {finding.message}")
        errors = sum(finding.severity == "error" for finding in findings)
        summary = f"{len(source.train)} training and {len(source.test)} test images"
        typer.echo(f"{summary}, {errors} errors, {len(findings) - errors} warnings")
    if errors:
        raise typer.Exit(int(ExitCode.DATA))
