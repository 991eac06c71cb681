"""`python -m tests.bench.exporter --runs 2000`: what the exporter costs on a real S3 server (SeaweedFS).

Nothing is trained: every run is a copy of the same records under its own key (a history of 50 epochs, one
attempt, a result, an object for each other file that a finished run leaves). The exporter looks at no more.
"""

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from kvjob.records import layout
from kvjob.records.attempt import Attempt, EpochTiming
from kvjob.records.run import EpochRow, History, PhaseScores, Result
from kvjob.records.study import StudyRecord
from kvjob.store import Store, open_store
from kvjob.study import Experiment, Level, PlannedRun, Study, plan
from kvjob.study.scores import Scores
from tests.integration.servers import _free_ports, start

EPOCHS, SEEDS, LEVELS = 50, 100, 5
PER_STUDY = SEEDS * LEVELS
NOW = datetime.now(UTC) - timedelta(hours=1)
OTHERS = (
    *(
        "config.json",
        "environment.json",
        "scores.csv",
        "predictions.png",
        "model.json",
        "best.json",
        "samples/index.json",
    ),
    *(f"samples/{number}-{what}.png" for number in range(4) for what in ("image", "mask", "probability")),
    *(
        f"checkpoints/00040-01234567/{name}"
        for name in ("manifest.json", "model.safetensors", "training.safetensors")
    ),
)


def studies(runs: int) -> Iterator[StudyRecord]:
    for number in range(runs // PER_STUDY):
        levels = tuple(Level(name=str(n), changes={"weight_decay": n / 100}) for n in range(LEVELS))
        experiment = Experiment(name="weight_decay", factor="weight_decay", levels=levels)
        study = Study(
            name=f"study-{number}", seeds=SEEDS, base={"epochs": EPOCHS + number}, experiments=(experiment,)
        )
        planned = plan(study, "d" * 12, "c" * 12)
        yield StudyRecord(plan=planned, planned=NOW, image_counts={"train": 472, "test": 118})


def records(run: PlannedRun) -> dict[str, bytes]:
    scores = Scores(
        iou=0.8123456789, dice=0.8987654321, precision=0.9123456789, recall=0.8765432109, accuracy=0.98
    )
    phase = PhaseScores(loss=0.123456789, mean_over_images=scores, over_all_pixels=scores)
    rows = tuple(
        EpochRow(epoch=n, learning_rate=1e-4, train=phase, validation=phase, best=n <= 40)
        for n in range(1, EPOCHS + 1)
    )
    phases = {
        "data": 0.123456789,
        "step": 9.123456789,
        "validation": 0.9123456789,
        "checkpoint": 0.0123456789,
    }
    timings = tuple(
        EpochTiming(epoch=n, seconds=10.2, images_per_second=39.123456789, phases=phases)
        for n in range(1, EPOCHS + 1)
    )
    attempt = Attempt(
        number=1, started=NOW, last_seen=NOW, ended=NOW, cause="finished", device_kind="cuda", epochs=timings
    )
    result = Result(
        key=run.key, status="finished", stopped="epochs", epochs=EPOCHS, best_epoch=40,
        images={"train": 400, "validation": 72, "test": 118}, validation=phase, test=phase,
    )  # fmt: skip
    documents = {"history.json": History(rows=rows), "attempts/0001.json": attempt, "result.json": result}
    return {
        **{
            layout.run(run.key, name): each.model_dump_json(indent=1).encode()
            for name, each in documents.items()
        },
        **{layout.run(run.key, name): b"-" for name in OTHERS},
    }


def fill(store: Store, runs: int) -> int:
    number = 0
    with ThreadPoolExecutor(16) as pool:
        for record in studies(runs):
            store.write(layout.study(record.plan.study.name, "plan.json"), record.model_dump_json().encode())
            for run in record.plan.runs:
                files = records(run)
                number += len(files)
                list(pool.map(lambda item: store.write(*item), files.items()))
    return number


def scrape(port: int) -> tuple[dict[str, float], int, int, float]:
    """Values without labels, bytes, packed bytes and seconds of one scrape."""
    begin = time.perf_counter()
    with urlopen(Request(f"http://127.0.0.1:{port}/metrics", headers={"Accept-Encoding": "gzip"})) as answer:
        packed = answer.read()
        body = gzip.decompress(packed) if answer.headers.get("Content-Encoding") == "gzip" else packed
    seconds = time.perf_counter() - begin
    plain = (
        line.split() for line in body.decode().splitlines() if not line.startswith("#") and "{" not in line
    )
    return {name: float(value) for name, value in plain}, len(body), len(packed), seconds


def memory(pid: int, field: str) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith(field)).split()[1]) / 1024


def cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def until_ready(port: int, process: "subprocess.Popen[bytes]") -> None:
    while True:
        assert process.poll() is None, "the exporter ended"
        with suppress(HTTPError, URLError):
            urlopen(f"http://127.0.0.1:{port}/-/ready").close()
            return
        time.sleep(0.2)


def until_idle(pid: int) -> float:
    """Wait until the process does nothing, without asking it, which would cost it something; CPU seconds."""
    before, quiet = cpu(pid), 0
    while quiet < 4:
        time.sleep(1)
        now = cpu(pid)
        quiet = quiet + 1 if now - before < 0.05 else 0
        before = now
    return before


def until_busy(pid: int) -> None:
    idle = cpu(pid)
    while cpu(pid) - idle < 0.3:
        time.sleep(0.5)


def measure(url: str, environment: dict[str, str]) -> dict[str, float]:
    [port] = _free_ports(1)
    command = [
        sys.executable,
        "-m",
        "kvjob",
        "exporter",
        "--store",
        url,
        "--port",
        str(port),
        "--interval",
        "20",
    ]
    begin = time.monotonic()
    exporter = subprocess.Popen(command, env={**os.environ, **environment})
    try:
        until_ready(port, exporter)
        first, first_cpu = time.monotonic() - begin, cpu(exporter.pid)
        idle = until_idle(exporter.pid)
        until_busy(exporter.pid)
        again = until_idle(exporter.pid) - idle
        values, size, packed, seconds = scrape(port)
        return {
            "objects": values["kvjob_exporter_objects"],
            "first_reading_seconds": first,
            "first_reading_cpu_seconds": first_cpu,
            "listing_seconds": values["kvjob_exporter_listing_seconds"],
            "cpu_seconds_per_interval": again,
            "memory_mib": memory(exporter.pid, "VmRSS"),
            "peak_memory_mib": memory(exporter.pid, "VmHWM"),
            "exposition_mib": size / 2**20,
            "packed_mib": packed / 2**20,
            "scrape_seconds": seconds,
        }
    finally:
        exporter.terminate()
        assert exporter.wait(timeout=10) == 0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.exporter", description=__doc__)
    parser.add_argument("--runs", type=int, default=2000, help=f"a multiple of {PER_STUDY}")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, start("seaweedfs", Path(folder)) as server:
        os.environ.update(server.environment())
        url = f"s3://{server.new_bucket()}"
        begin = time.monotonic()
        objects = fill(open_store(url), options.runs)
        print(f"{objects} objects written in {time.monotonic() - begin:.0f} s", file=sys.stderr)
        print(json.dumps({"runs": options.runs, **measure(url, server.environment())}, indent=1))


if __name__ == "__main__":
    main()
