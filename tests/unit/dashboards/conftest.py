"""Two made-up studies, each in a Prometheus of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from scripts.observe.api import PrometheusApi
from scripts.observe.grafana import Viewer
from scripts.observe.server import backfill, programs, prometheus
from tests.unit.dashboards.made_up import LARGE, NOW, SMALL, MadeUp, Size


@dataclass(frozen=True)
class Watched:
    """A made-up study that Prometheus has."""

    made: MadeUp
    api: PrometheusApi

    def viewer(self, until: float = NOW) -> Viewer:
        """Somebody who looks at all of it."""
        return Viewer(self.api, self.made.begin - 600, until, scrape=self.made.size.scrape)


@contextmanager
def watched(size: Size, folder: Path) -> Iterator[Watched]:
    try:
        programs()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    made = MadeUp(size)
    backfill(made.exposition(), folder)
    # what is given has no mark at its end, as what is scraped has: it is over when the next scrape is due
    flags = [f"--query.lookback-delta={size.scrape * 1000 - 1}ms"]
    with prometheus(folder, flags=flags) as address:
        yield Watched(made, PrometheusApi(address))


@pytest.fixture(scope="session")
def small(tmp_path_factory) -> Iterator[Watched]:
    """Thirteen runs on four GPUs, most of them done."""
    with watched(SMALL, tmp_path_factory.mktemp("small")) as found:
        yield found


@pytest.fixture(scope="session")
def large(tmp_path_factory) -> Iterator[Watched]:
    """Five hundred runs on sixteen GPUs, a quarter of them done."""
    with watched(replace(LARGE, hours=0.5), tmp_path_factory.mktemp("large")) as found:
        yield found
