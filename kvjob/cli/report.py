"""`kvjob report`: tables and figures from the store."""

from pathlib import Path
from typing import Annotated

import typer

from kvjob.cli.options import StoreOption, StudyName
from kvjob.cli.progress import bar


def report(
    study: StudyName,
    store: StoreOption,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder that receives the report.")],
    published: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Published values, as a completed copy of report/published.json."),
    ] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="Also write report.pdf, which needs Pango.")] = False,
    publish: Annotated[bool, typer.Option("--publish", help="Also put the report into the store.")] = False,
) -> None:
    """Build the report of a study from the store, at any moment of the study."""
    from kvjob.report import build_report
    from kvjob.report import publish as publish_report
    from kvjob.store import open_store

    place = open_store(store)
    with bar("Building the report") as progress:
        page = build_report(
            place, study, out, lambda _what, done, total: progress(done, total), published=published
        )
    typer.echo(str(page))
    if pdf:
        from kvjob.report.pdf import add_pdf

        typer.echo(str(add_pdf(out)))
    if publish:
        typer.echo(publish_report(place, study, out))
