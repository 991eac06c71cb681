"""`kvjob compare`: two studies beside each other."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kvjob.cli.options import STORE_HELP, StoreOption
from kvjob.errors import shown

if TYPE_CHECKING:
    from kvjob.report.compared import Comparison
    from kvjob.report.compared.document import LevelPair


def compare(
    a: Annotated[str, typer.Argument(metavar="A", help="Name of the study to compare with.")],
    b: Annotated[str, typer.Argument(metavar="B", help="Name of the study that is compared.")],
    store: StoreOption,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder that receives page, tables and data.")],
    store_b: Annotated[
        str | None, typer.Option("--store-b", metavar="URL", help=f"Store of B. {STORE_HELP}.")
    ] = None,
) -> None:
    """Compare the levels that two studies share, and say what else differs between the studies.

    Differences are B less A, over the same test images where both have the same data set.
    """
    from kvjob.report.compared import build_comparison
    from kvjob.report.compared.page import conclusion
    from kvjob.store import open_store

    place = open_store(store)
    record = build_comparison((place, a), (open_store(store_b) if store_b else place, b), out)
    console = Console(highlight=False)
    for each in record.differing:
        console.print(Text(shown(f"{each.name}: A {each.a or 'none'}, B {each.b or 'none'}", "")))
    console.print(_table(record))
    for name, places in (("A", record.only_a), ("B", record.only_b)):
        if places:
            console.print(Text(shown(f"only in {name}: {', '.join(map('='.join, places))}", "")))
    console.print(Text(shown(conclusion(record), "")))
    typer.echo(str(out / "index.html"))


def _table(record: "Comparison") -> Table:
    heads = ["level", "IoU A", "IoU B", "Δ points [95 %]", "B against A"]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for head in heads:
        table.add_column(head, no_wrap=head != "level", overflow="fold")
    for pair in record.levels:
        # as Text: square brackets in what a study says are no markup
        table.add_row(*(Text(shown(cell, "")) for cell in _cells(pair)))
    return table


def _cells(pair: "LevelPair") -> tuple[str, ...]:
    from kvjob.report.tables.table import text

    means = (text(side.iou.mean if side.iou else None, 3) for side in (pair.a, pair.b))
    return f"{pair.experiment}={pair.level}", *means, text(pair.iou, 2), pair.verdict
