"""`kvjob train`: one run, what a pod executes."""

from typing import Annotated

import typer

from kvjob.cli.options import DEFAULT_CACHE, CacheOption, StoreOption
from kvjob.cli.torch import torch_needed


def train(
    key: Annotated[str, typer.Argument(metavar="KEY", help="Run key, as `kvjob plan` prints it.")],
    study: Annotated[str, typer.Option(metavar="NAME", help="Study that planned the run.")],
    store: StoreOption,
    cache: CacheOption = DEFAULT_CACHE,
) -> None:
    """Train one run to its end, from where it was left; a finished run is not trained again."""
    with torch_needed("train"):
        from kvjob.train import StopRequest, make_reporter, train_run
    from kvjob.store import open_store

    stop = StopRequest()
    stop.listen()
    report = make_reporter()
    try:
        result = train_run(open_store(store), study, key, cache, report, stop)
        report.send("end", status=result.status, message=result.message)
    finally:
        report.close()
    typer.echo(f"{key} {result.status}: best epoch {result.best_epoch} of {result.epochs}")
