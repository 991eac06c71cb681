"""The exporter: every run that does not speak for itself, as the store tells it.

Runs whose trainer serves metrics are left to it while they train, and taken over with the values they ended
with, so no pod needs to linger with its GPU until it was scraped.
"""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from queue import SimpleQueue
from threading import Thread

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from kvjob.errors import StoreError
from kvjob.observe.families import gauge
from kvjob.observe.fleet import Fleet, FleetLook
from kvjob.observe.meter import MeteredStore
from kvjob.observe.server import serve
from kvjob.observe.study_families import store_families
from kvjob.observe.watch import Seen, StoreWatch
from kvjob.store import Store

LISTING_SHARE = 0.25
"""Largest share of time spent on listing: a very large store is listed less often than `interval` says."""


class Exporter(Collector):
    """The metrics of a store as of the last refresh.

    The exposition is made once per refresh and kept as bytes: being scraped costs the same however many runs
    there are, and two Prometheus servers see the same.

    Args:
        store: is read here, never written.
        price: of one GPU for an hour; None if it is not known.
        look: asks the cluster that trains the runs, if there is one.
        say: told, in a line, of what goes wrong and that it is over.
    """

    def __init__(
        self, store: Store, price: float | None, look: FleetLook | None, say: Callable[[str], None]
    ) -> None:
        self._store = MeteredStore(store)
        self._watch = StoreWatch(self._store, say)
        self._price, self._look, self._say = price, look, say
        self._seen: Seen | None = None
        self._seen_at = 0.0
        self._store_up: bool | None = None
        self._fleet: Fleet | None = None
        self._troubles: dict[str, str] = {}
        self._registry = CollectorRegistry()
        self._registry.register(self)
        self._page = generate_latest(self._registry)
        self._ready = False

    @property
    def ready(self) -> bool:
        """Whether the page tells of the store."""
        return self._ready

    @property
    def listing_seconds(self) -> float:
        """How long the last listing took; 0 before the first."""
        return self._seen.listing_seconds if self._seen else 0.0

    def page(self) -> bytes:
        """The exposition as of the last refresh."""
        return self._page

    def refresh(self) -> None:
        """Read what changed and make the exposition anew; what cannot be read now keeps its last values."""
        begin = time.time()
        try:
            self._seen, self._seen_at, self._store_up = self._watch.look(), begin, True
            self._tell("store", "")
        except StoreError as error:
            self._store_up = False
            self._tell("store", str(error))
        if self._look is not None:
            self._fleet = self._look(tuple(self._seen.studies) if self._seen else ())
            self._tell("cluster", self._fleet.trouble)
        self._page = generate_latest(self._registry)
        self._ready = self._seen is not None

    def describe(self) -> Iterator[Metric]:
        """Nothing: a registry would collect to find the names out."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Every family, one at a time."""
        if self._seen is not None:
            yield from store_families(self._seen, datetime.now(UTC), self._price)
        if self._fleet is not None:
            yield from _of_fleet(self._fleet)
        yield from self._of_itself()
        yield from self._store.families()

    def _of_itself(self) -> Iterator[Metric]:
        numbers: list[tuple[str, str, float]] = []
        if self._store_up is not None:
            words = "1 if the store could be read at the last try"
            numbers += [("kvjob_exporter_store_up", words, self._store_up)]
        if self._seen is not None:
            numbers += [
                (
                    "kvjob_exporter_up_to_date_timestamp_seconds",
                    "Unix time of the listing that everything else is as of",
                    self._seen_at,
                ),
                ("kvjob_exporter_listing_seconds", "How long it took", self._seen.listing_seconds),
                ("kvjob_exporter_objects", "Objects that it listed", self._seen.objects),
            ]
        for name, words, number in numbers:
            yield gauge(name, words, [((), number)], ())

    def _tell(self, what: str, trouble: str) -> None:
        before = self._troubles.get(what, "")
        self._troubles[what] = trouble
        if trouble and trouble != before:
            self._say(trouble)
        elif before and not trouble:
            self._say(f"{what}: can be read again")


def serve_store(
    store: Store,
    port: int,
    interval: float,
    price: float | None,
    look: FleetLook | None,
    say: Callable[[str], None],
) -> None:
    """Serve a store's metrics until the process is told to end; answers before the store was read once.

    Args:
        store: with the studies.
        port: 1 to 65535.
        interval: seconds from one listing to the next, at least.
        price: of one GPU for an hour; None if it is not known.
        look: asks the cluster that trains the runs, if there is one.
        say: told of what goes wrong.

    Raises:
        ConfigurationError: the port is taken, or needs privileges.
        Exception: a defect ended the reading; what is served would grow old unnoticed.
    """
    exporter = Exporter(store, price, look, say)
    serve(port, exporter.page, lambda: exporter.ready)
    say(f"metrics of {store.url} at port {port}, /metrics")
    defects: SimpleQueue[Exception] = SimpleQueue()

    def work() -> None:
        try:
            while True:
                begin = time.monotonic()
                exporter.refresh()
                spent = time.monotonic() - begin
                time.sleep(max(interval - spent, exporter.listing_seconds * (1 / LISTING_SHARE - 1)))
        except Exception as error:  # raised again by the main thread
            defects.put(error)

    # the main thread only waits, so that a signal ends it at once, whatever hangs
    Thread(target=work, name="refresh", daemon=True).start()
    raise defects.get()


def _of_fleet(fleet: Fleet) -> Iterator[Metric]:
    yield gauge(
        "kvjob_pods_waiting",
        "Runs that the cluster holds back, by reason",
        fleet.waiting.items(),
        ("study", "reason"),
    )
    yield gauge(
        "kvjob_gpus",
        "GPUs that nodes have, that pods of the namespace ask for, and that those have which are on a node",
        (((state,), number) for state, number in fleet.gpus.items()),
        ("state",),
    )
    yield gauge(
        "kvjob_exporter_cluster_up",
        "1 if all that was asked of the cluster was answered",
        [((), not fleet.trouble)],
        (),
    )
