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
) -> None:
    """Build the report of a study from the store, at any moment of the study."""
    from kvjob.report import build_report
    from kvjob.store import open_store

    with bar("Building the report") as progress:
        page = build_report(open_store(store), study, out, lambda _what, done, total: progress(done, total))
    typer.echo(str(page))
