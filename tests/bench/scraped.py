"""The trainer again, while somebody asks for its metrics every second: much oftener than Prometheus does."""

import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from kvjob.observe import MeteredStore, serve_run
from kvjob.records.attempt import Attempt
from kvjob.records.live import Live
from kvjob.store import open_store
from kvjob.study import PlannedRun, Role
from tests.bench.cases import Case
from tests.bench.trainer import trainer

SCRAPER = """
import time, urllib.request
while True:
    body = urllib.request.urlopen("http://127.0.0.1:{port}/metrics").read()
    assert b"kvjob_step{{" in body
    time.sleep(1)
"""


def scraped(case: Case, precision: str, threads: int, data: Path) -> float:
    """Images per second, measured as the trainer's."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    role = Role(experiment="bench", level=case.name, baseline=False)
    run = PlannedRun(key="bench", config=case.config(precision, threads), roles=(role,))
    now = datetime.now(UTC)
    live = Live(study="bench", run=run, attempts=(Attempt(number=1, started=now, last_seen=now),))
    serve_run(live, MeteredStore(open_store(str(data))), port)
    scraper = subprocess.Popen([sys.executable, "-c", SCRAPER.format(port=port)])
    try:
        speed = trainer(case, precision, threads, data, live)
        assert scraper.poll() is None, "the scraper gave up"
        return speed
    finally:
        scraper.kill()
        scraper.wait()
