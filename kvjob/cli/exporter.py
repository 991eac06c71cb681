"""`kvjob exporter`: what a store knows, as metrics for Prometheus."""

import signal
import sys
from types import FrameType
from typing import Annotated, NoReturn

import typer

from kvjob.cli.options import StoreOption
from kvjob.cli.place import ContextOption
from kvjob.errors import ConfigurationError, ExitCode


def exporter(
    store: StoreOption,
    port: Annotated[
        int, typer.Option(metavar="N", help="Port of /metrics and /-/ready.", min=1, max=65535)
    ] = 9109,
    interval: Annotated[
        float, typer.Option(metavar="SECONDS", help="From one listing to the next.", min=1, max=86400)
    ] = 30.0,
    gpu_hour_price: Annotated[
        float | None,
        typer.Option(metavar="P", help="What one GPU costs for an hour, in any currency.", min=0),
    ] = None,
    namespace: Annotated[
        str | None,
        typer.Option(
            "--namespace", "-n", metavar="NS", help="Also look at what runs of this namespace wait for."
        ),
    ] = None,
    evidence: Annotated[
        bool,
        typer.Option("--evidence", help="Write how its train pods ended into the store, for `kvjob logs`."),
    ] = False,
    context: ContextOption = None,
) -> None:
    """Serve the runs and studies of a store as metrics, until it is told to end.

    Runs in training that serve their own (`kvjob train --metrics-port`) are left to them.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    from kvjob.observe import serve_store
    from kvjob.store import open_store

    if evidence and namespace is None:
        raise ConfigurationError("needs a namespace", where="--evidence", fix="Give -n NS with it")
    place, look = open_store(store), None
    if namespace is not None:
        from kvjob.cluster.connect import connect
        from kvjob.cluster.fleet import fleet_looker

        cluster = connect(context)
        look = fleet_looker(cluster, namespace)
        if evidence:
            from kvjob.cluster.evidence import EvidenceWatch

            EvidenceWatch(cluster, namespace, place, _say).start()
    serve_store(place, port, interval, gpu_hour_price, look, _say)


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    """There is nothing to save, so being told to end is no interruption."""
    sys.exit(int(ExitCode.OK))


def _say(line: str) -> None:
    typer.echo(line, err=True)
