"""What a trainer serves of the run it trains."""

import time
from collections.abc import Iterator
from dataclasses import replace

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from kvjob.observe.families import gauge, run_families
from kvjob.observe.labels import LABELS, NamedRun, name_run
from kvjob.observe.meter import MeteredStore
from kvjob.observe.server import serve
from kvjob.observe.time_left import seconds_left
from kvjob.observe.values import RunValues, run_values
from kvjob.records.live import Live


def serve_run(live: Live, store: MeteredStore, port: int) -> None:
    """Serve a run's metrics from a thread of its own; everything is computed when it is asked for.

    Args:
        live: what the trainer fills.
        store: the one it works with.
        port: 1 to 65535.

    Raises:
        ConfigurationError: the port is taken, or needs privileges.
    """
    registry = CollectorRegistry()
    registry.register(RunCollector(live, store))
    serve(port, lambda: generate_latest(registry))


class RunCollector(Collector):
    """The metrics of one run at the moment of a scrape; none before its plan is read."""

    def __init__(self, live: Live, store: MeteredStore) -> None:
        self._live, self._store = live, store

    def describe(self) -> Iterator[Metric]:
        """Nothing: a registry would collect to find the names out."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Every family, as prometheus-client asks for them."""
        if self._live.run is None:
            return
        run = name_run(self._live.study, self._live.run)
        yield from run_families([(run, _values(self._live))])
        yield from _moments(self._live, run)
        yield from self._store.families(LABELS, run.labels)


def _values(live: Live) -> RunValues:
    known = run_values(live.attempts, live.history, live.result, live.checkpoint)
    speed = known.images_per_second
    seconds = live.progressed - live.epoch_began
    if speed is None and live.run and live.step and seconds > 0:
        speed = live.step * live.run.config.batch_size / seconds
    return replace(
        known,
        images_per_second=speed,
        last_progress=live.progressed,
        diverged=live.diverged or known.diverged,
    )


def _moments(live: Live, run: NamedRun) -> Iterator[Metric]:
    """What only a run in training has."""
    left, gpu = seconds_left(live, time.time()), live.gpu()
    numbers: tuple[tuple[str, str, float | None], ...] = (
        ("kvjob_step", "Steps done in the present epoch", live.step),
        ("kvjob_steps_per_epoch", "Steps of an epoch", live.steps),
        ("kvjob_time_left_seconds", "Estimate until training is over, by patience and epochs left", left),
        ("kvjob_gpu_memory_bytes", "Memory of the GPU that tensors hold", gpu.memory_bytes if gpu else None),
        (
            "kvjob_gpu_utilization_ratio",
            "Share of time in which the GPU was busy",
            gpu.utilization if gpu else None,
        ),
    )
    for name, words, number in numbers:
        if number is not None:
            yield gauge(name, words, [(run.labels, number)])
