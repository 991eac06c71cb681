"""`kvjob train`: one run, what a pod executes."""

from typing import TYPE_CHECKING, Annotated

import typer

from kvjob.cli.options import DEFAULT_CACHE, CacheOption, StoreOption
from kvjob.cli.torch import torch_needed
from kvjob.errors import ConfigurationError

if TYPE_CHECKING:
    from kvjob.records.live import Live
    from kvjob.store import Store


def train(
    key: Annotated[str, typer.Argument(metavar="KEY", help="Run key, as `kvjob plan` prints it.")],
    study: Annotated[str, typer.Option(metavar="NAME", help="Study that planned the run.")],
    store: StoreOption,
    cache: CacheOption = DEFAULT_CACHE,
    metrics_port: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Serve metrics of the run at this port, /metrics; none unless given.",
            envvar="KVJOB_METRICS_PORT",
            min=1,
            max=65535,
        ),
    ] = None,
    again: Annotated[
        bool,
        typer.Option(
            "--again", help="Try again although too many attempts ended for one cause, and count anew."
        ),
    ] = False,
    hang_seconds: Annotated[
        float,
        typer.Option(
            metavar="S",
            help="End it for a retry when nothing moves for S seconds (and for 50 steps; three times that "
            "where there are no steps); 0 for never.",
            envvar="KVJOB_HANG_SECONDS",
            min=0,
        ),
    ] = 600.0,
) -> None:
    """Train one run to its end, from where it was left; a finished run is not trained again."""
    with torch_needed("train"):
        from kvjob.train import Output, StopRequest, Watchdog, make_reporter, train_run
    from kvjob.records.live import Live
    from kvjob.store import open_store

    stop = StopRequest()
    stop.listen()
    live = Live()
    place: Store = open_store(store)
    if metrics_port is not None:
        place = _served(live, place, metrics_port)
    terminal = make_reporter()
    with Output() as output:
        report = output.reporter(terminal)
        try:
            with Watchdog(live, hang_seconds) as watchdog:
                result = train_run(
                    place,
                    study,
                    key,
                    cache,
                    report,
                    stop,
                    live,
                    again=again,
                    watchdog=watchdog,
                    output=output,
                )
            report.send("end", status=result.status, message=result.message)
        finally:
            report.close()
    typer.echo(f"{key} {result.status}: best epoch {result.best_epoch} of {result.epochs}")


def _served(live: "Live", store: "Store", port: int) -> "Store":
    """The store to train with, its operations counted; a run is worth more than its metrics."""
    from kvjob.observe import MeteredStore, serve_run

    metered = MeteredStore(store)
    try:
        serve_run(live, metered, port)
    except ConfigurationError as error:
        typer.echo(f"warning: {error} The run goes on without.", err=True)
        return store
    live.watched = True
    return metered
