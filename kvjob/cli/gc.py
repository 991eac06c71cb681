"""`kvjob gc`: what interruptions left behind, and what no study needs any more."""

import json
import os
import sys
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.filesize import decimal
from rich.table import Table

from kvjob.cli.options import DEFAULT_CACHE
from kvjob.cli.place import AnyStoreOption, ContextOption, NamespaceOption, opened
from kvjob.cli.progress import bar
from kvjob.errors import ConfigurationError

if TYPE_CHECKING:
    from kvjob.retention import Cleanup, Kept, Outcome, Waste
    from kvjob.store import CleanableStore

SHOWN = 10
"""Things of a list that are named."""


def gc(
    namespace: NamespaceOption = None,
    store: AnyStoreOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be deleted, and delete nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Delete without asking.")] = False,
    grace: Annotated[
        float, typer.Option(metavar="HOURS", help="Leave alone what is younger.", min=0, max=8760)
    ] = 1.0,
    unplanned_runs: Annotated[
        bool,
        typer.Option("--unplanned-runs", help="Also delete runs that no study plans, results included."),
    ] = False,
    cache: Annotated[
        bool,
        typer.Option(
            "--cache",
            help="Also delete this machine's cached data that no study of the store uses "
            f"(KVJOB_CACHE, or {DEFAULT_CACHE}).",
        ),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON; takes --dry-run or --yes with it.")
    ] = False,
    context: ContextOption = None,
) -> None:
    """Delete superseded and incomplete checkpoints, interrupted writes, and data that no study uses.

    Shows what it found and asks first. A run in training is left alone; others
    go on afterwards from where they would have gone on before. What a damaged
    document may refer to stays, and is named.
    """
    if dry_run and yes:
        raise ConfigurationError("deletes, and --dry-run does not", where="--yes", fix="Give one of the two")
    asks = not (dry_run or yes)
    if asks and (as_json or not (sys.stdin.isatty() and sys.stdout.isatty())):
        raise ConfigurationError(
            "there is nobody to ask whether to delete",
            where="kvjob gc",
            fix="Give --dry-run to look, or --yes to delete",
        )
    from kvjob.retention import find_waste

    folder = Path(os.environ.get("KVJOB_CACHE") or DEFAULT_CACHE) if cache else None
    with opened(store, namespace, context) as (place, _):
        with bar("Looking at runs") as progress:
            found = find_waste(
                place,
                timedelta(hours=grace),
                unplanned_runs=unplanned_runs,
                cache=folder,
                progress=progress,
            )
        if not as_json:
            _show(place, found)
        wanted = bool(found.waste) and not dry_run
        if wanted and asks:
            wanted = typer.confirm("Delete these?")
        outcome = _remove(place, found) if wanted else None
    if as_json:
        typer.echo(json.dumps(_document(place, found, outcome), indent=1))
    elif outcome is not None:
        _list("Spared", outcome.spared)
        typer.echo(f"deleted: {_total(outcome.removed)}")
    elif found.waste:
        typer.echo("nothing was deleted")


def _remove(store: "CleanableStore", found: "Cleanup") -> "Outcome":
    from kvjob.retention import remove

    with bar("Deleting") as progress:
        return remove(store, found, progress)


def _show(store: "CleanableStore", found: "Cleanup") -> None:
    from kvjob.retention import KINDS

    console = Console(highlight=False, soft_wrap=True)
    if found.waste:
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column("to delete")
        for heading in ("number", "objects", "size"):
            table.add_column(heading, justify="right")
        for kind, words in KINDS.items():
            some = [waste for waste in found.waste if waste.kind == kind]
            if some:
                objects, size = _sums(some)
                table.add_row(words, str(len(some)), str(objects), decimal(size))
        console.print(table)
        console.print(f"total: {_total(found.waste)}")
    else:
        console.print(f"{store.url}: nothing to delete")
    if found.young:
        hours = found.grace.total_seconds() / 3600
        console.print(f"left alone, younger than {hours:g} h: {_total(found.young)}")
    if found.unplanned:
        console.print(f"runs that no study plans: {_total(found.unplanned)} (--unplanned-runs deletes them)")
        for waste in found.unplanned[:SHOWN]:
            console.print(f"  {waste.name}", markup=False)
        if len(found.unplanned) > SHOWN:
            console.print(f"  and {len(found.unplanned) - SHOWN} more")
    _list("Kept whole", found.kept)


def _list(title: str, kept: "Iterable[Kept]") -> None:
    for each in kept:
        typer.echo(f"{title}: {each.name}: {each.why}")


def _total(waste: "Iterable[Waste]") -> str:
    objects, size = _sums(waste)
    return f"{objects} object{'' if objects == 1 else 's'}, {decimal(size)}"


def _sums(waste: "Iterable[Waste]") -> tuple[int, int]:
    waste = tuple(waste)
    return sum(each.objects for each in waste), sum(each.size for each in waste)


def _document(store: "CleanableStore", found: "Cleanup", outcome: "Outcome | None") -> dict[str, Any]:
    def rows(waste: "Iterable[Waste]") -> list[dict[str, Any]]:
        return [
            {"kind": each.kind, "name": each.name, "objects": each.objects, "bytes": each.size}
            for each in waste
        ]

    def reasons(kept: "Iterable[Kept]") -> list[dict[str, str]]:
        return [{"name": each.name, "why": each.why} for each in kept]

    return {
        "store": store.url,
        "grace_seconds": found.grace.total_seconds(),
        "waste": rows(found.waste),
        "young": rows(found.young),
        "unplanned_runs": rows(found.unplanned),
        "kept": reasons(found.kept),
        "removed": rows(outcome.removed) if outcome else [],
        "spared": reasons(outcome.spared) if outcome else [],
    }
