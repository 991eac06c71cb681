"""`kvjob run`: a whole study on this machine."""

from pathlib import Path
from typing import Annotated

import typer

from kvjob.cli.options import (
    DEFAULT_CACHE,
    CacheOption,
    DataOption,
    OnlyOption,
    PresetOption,
    SeedsOption,
    SetOption,
    StoreOption,
    StudyArgument,
    base_fields,
)
from kvjob.cli.progress import bar


def run(
    store: StoreOption = "kvjob-store",
    study: StudyArgument = "paper",
    data: DataOption = None,
    preset: PresetOption = None,
    seeds: SeedsOption = None,
    only: OnlyOption = None,
    settings: SetOption = None,
    jobs: Annotated[
        int | None, typer.Option(metavar="N", help="Runs trained at once.", min=1, max=256)
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder that receives the report.")] = None,
    logs: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder that receives a log per run.")
    ] = None,
    cache: CacheOption = DEFAULT_CACHE,
) -> None:
    """Plan a study, train every run that is not done, and build the report.

    Stop it with Ctrl-C and run it again: it goes on where it was.
    """
    from kvjob.experiments import load_study
    from kvjob.local import train_study
    from kvjob.prepare import prepare_study
    from kvjob.report import build_report
    from kvjob.store import open_store

    place = open_store(store)
    wanted = load_study(study, preset=preset, seeds=seeds, only=only, base=base_fields(settings))
    with bar("Preparing the data set") as progress:
        record = prepare_study(place, wanted, data, progress)
    name = wanted.name
    outcome = train_study(place, record.plan, jobs, logs or Path(f"{name}-logs"), cache)
    if outcome.interrupted:
        raise typer.Exit(int(outcome.exit_code))
    with bar("Building the report") as progress:
        folder = out or Path(f"{name}-report")
        page = build_report(place, name, folder, lambda _what, done, total: progress(done, total))
    typer.echo(str(page))
    raise typer.Exit(int(outcome.exit_code))
