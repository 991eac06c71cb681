"""`kvjob report`: tables and figures from the store."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kvjob.cli.options import StoreOption, StudyName
from kvjob.cli.progress import bar
from kvjob.errors import ConfigurationError, shown

if TYPE_CHECKING:
    from kvjob.report import Progress


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
    watch: Annotated[
        bool, typer.Option("--watch", help="Make it anew as the study goes on, until every run is over.")
    ] = False,
    interval: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS", help="With --watch: between two looks at the store; 30.", min=1, max=86400
        ),
    ] = None,
) -> None:
    """Build the report of a study from the store, at any moment of the study.

    With --watch, what --pdf and --publish ask for is made once, of the last report.
    """
    from kvjob.report import INTERVAL_SECONDS, build_report, watch_report
    from kvjob.report import publish as publish_report
    from kvjob.store import open_store

    if interval is not None and not watch:
        raise ConfigurationError(
            "is for a report that is watched", where=f"--interval {interval:g}", fix="Give --watch with it"
        )
    place = open_store(store)
    if watch:
        every = interval or INTERVAL_SECONDS
        page = watch_report(place, study, out, _say, interval=every, published=published, building=_building)
    else:
        with _building() as progress:
            page = build_report(place, study, out, progress, published=published)
    typer.echo(str(page))
    if pdf:
        from kvjob.report.pdf import add_pdf

        typer.echo(str(add_pdf(out)))
    if publish:
        typer.echo(publish_report(place, study, out))


@contextmanager
def _building() -> "Iterator[Progress]":
    with bar("Building the report") as progress:
        yield lambda _what, done, total: progress(done, total)


def _say(line: str) -> None:
    """One line on a terminal or in a log, with the time of day."""
    typer.echo(f"{datetime.now():%H:%M:%S} {shown(line)}", err=True)
