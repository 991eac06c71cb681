"""`kvjob plan` and `kvjob status`: what a study asks for and how far it is."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kvjob.cli.options import (
    DataOption,
    OnlyOption,
    PresetOption,
    SeedsOption,
    SetOption,
    StoreOption,
    StudyArgument,
    StudyName,
    base_fields,
)
from kvjob.cli.place import AnyStoreOption, ContextOption, NamespaceOption, opened
from kvjob.cli.progress import bar
from kvjob.errors import ConfigurationError, shown

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def plan(
    store: StoreOption,
    study: StudyArgument = "paper",
    data: DataOption = None,
    preset: PresetOption = None,
    seeds: SeedsOption = None,
    only: OnlyOption = None,
    settings: SetOption = None,
    as_json: Json = False,
) -> None:
    """Print every run of a study: whether it is new, can be resumed or is done, and why. Writes nothing."""
    from kvjob.experiments import load_study
    from kvjob.prepare import foresee
    from kvjob.records.state import run_states
    from kvjob.store import open_store

    place = open_store(store)
    wanted = load_study(study, preset=preset, seeds=seeds, only=only, base=base_fields(settings))
    with bar("Reading the data set") as progress:
        planned = foresee(place, wanted, data, progress)
    states = run_states(place, (run.key for run in planned.runs))
    if as_json:
        rows = [
            {**run.model_dump(mode="json"), "state": states[run.key].kind, "why": states[run.key].why}
            for run in planned.runs
        ]
        typer.echo(
            json.dumps({"study": planned.study.name, "dataset": planned.dataset, "runs": rows}, indent=1)
        )
        return
    table = Table("run", "state", "configuration", "why", box=None, pad_edge=False, header_style="bold")
    for run in planned.runs:
        state = states[run.key]
        # as Text: square brackets in what a run says are no markup
        table.add_row(*(Text(shown(cell)) for cell in (run.key, state.kind, run.title, state.why)))
    console = Console(highlight=False)
    console.print(table)
    kinds = [state.kind for state in states.values()]
    counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
    console.print(f"{len(kinds)} runs of study {planned.study.name!r}: {counts}")


def status(
    study: StudyName,
    namespace: NamespaceOption = None,
    store: AnyStoreOption = None,
    watch: Annotated[bool, typer.Option("--watch", help="Refresh until every run is over.")] = False,
    as_json: Json = False,
    context: ContextOption = None,
) -> None:
    """Show how far every run of a study is, and with -n what those wait for that are not running."""
    from kvjob.local import print_status, watch_status

    if watch and as_json:
        raise ConfigurationError(
            "is for people, and --json is not", where="--watch", fix="Give one of the two"
        )
    with opened(store, namespace, context) as (place, cluster):
        look = None
        if cluster is not None and namespace is not None:
            from kvjob.cluster.look import looker

            look = looker(cluster, namespace, study)
        if watch:
            watch_status(place, study, look=look)
        else:
            print_status(place, study, look, as_json=as_json)
