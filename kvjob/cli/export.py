"""`kvjob export`: a trained run as ONNX and TorchScript, with a model card."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.filesize import decimal

from kvjob.cli.options import DEFAULT_CACHE, CacheOption
from kvjob.cli.place import AnyStoreOption, ContextOption, NamespaceOption, opened
from kvjob.cli.predict import FromStudyOption, RunOption
from kvjob.cli.torch import torch_needed

if TYPE_CHECKING:
    from kvjob.inference.record import ExportRecord


def export(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder that receives the model and its card.")],
    run: RunOption = None,
    study: FromStudyOption = None,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify/--no-verify",
            help="Score the test set with both files and refuse them if they do not agree with the trainer.",
        ),
    ] = True,
    store: AnyStoreOption = None,
    namespace: NamespaceOption = None,
    context: ContextOption = None,
    cache: CacheOption = DEFAULT_CACHE,
) -> None:
    """Write a trained run as ONNX and TorchScript, pre- and post-processing inside, with a model card."""
    with torch_needed("export"):
        from kvjob.inference.export import export_run
    from kvjob.inference.choose import choose_run

    with opened(store, namespace, context) as (place, _):
        chosen = choose_run(place, run or "best", study)
        typer.echo(f"run {chosen.record.key}: {chosen.why}")
        record = export_run(place, chosen, study, out, cache, _say, verify)
    for line in _lines(record):
        typer.echo(line)
    typer.echo(str(out / "README.md"))


def _say(doing: str) -> None:
    typer.echo(f"{doing} …", err=True)


def _lines(record: "ExportRecord") -> list[str]:
    lines = []
    for name, entry in record.files.items():
        found = record.agreement.get(name)
        told = "not verified"
        if found is not None:
            told = f"{found.identical} of {found.images} test images predicted as in training"
            if found.pixels_otherwise:
                told += f", {found.pixels_otherwise:,} of {found.pixels:,} pixels otherwise"
        lines.append(f"{name}  {decimal(entry.size)}  {told}")
    return lines
