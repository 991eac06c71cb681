"""`python -m tests.bench.report --runs 500 [--seeds 4]`: what a report of so many finished runs costs.

Nothing is trained: the runs are invented, with the shapes of real ones (40 epochs, 118 test images of 256
pixels, with samples and predictions), in a folder with a data set of invented scenes, so that every figure is
drawn. The report is built by `kvjob report`.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from kvjob.experiments import CATALOGUE
from kvjob.study import Experiment, Level
from tests.bench.pictures import Pictures
from tests.unit.report.example import MemoryStore, finish, make_study

EPOCHS = 40
MOST_LEVELS = 100
"""Of one experiment."""
SWEPT = 12
"""Levels of each further experiment, once those of the catalogue do not suffice."""


class Folder(MemoryStore):
    """Objects as files that need not survive a power cut, which is ten times as fast to fill."""

    def write(self, key: str, data: bytes) -> None:
        path = Path(self.url, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def experiments(levels: int, wide: bool) -> list[Experiment]:
    """So many distinct configurations: the catalogue's, then sweeps of the weight decay."""
    if wide:
        return [_sweep(0, min(levels, MOST_LEVELS) - 1)]
    found, room = [], levels - 1
    for experiment in CATALOGUE.values():
        if room >= (size := len(experiment.levels) - 1):
            found.append(experiment)
            room -= size
    sizes = [min(SWEPT, room - start) for start in range(0, room, SWEPT)]
    return [*found, *(_sweep(number, size) for number, size in enumerate(sizes))]


def _sweep(number: int, levels: int) -> Experiment:
    values = ((number * SWEPT + n + 1) / 10_000 for n in range(levels))
    named = tuple(Level(name=f"{value:.4f}", changes={"weight_decay": value}) for value in values)
    return Experiment(name=f"sweep-{number}", title=f"Sweep {number}", factor="weight_decay", levels=named)


def fill(folder: Path, pictures: Pictures, runs: int, seeds: int, wide: bool) -> int:
    """Invent a study; how many runs it has."""
    store = Folder(url=str(folder))
    planned = make_study(store, *experiments(max(2, runs // seeds), wide), seeds=seeds)
    pictures.write_pack(store)
    for run in planned.runs:
        finish(store, run, epochs=EPOCHS, samples=0)
        pictures.predict(store, run)
    return len(planned.runs)


def measure(store: Path, out: Path, threads: int) -> dict[str, float]:
    """Build the report in a child; its seconds, memory and sizes."""
    command = [sys.executable, "-m", "kvjob", "report", "paper", "--store", str(store), "--out", str(out)]
    limits = {"OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}
    begin = time.monotonic()
    child = subprocess.Popen(command, env={**os.environ, **limits}, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, "the report failed"
    files = [path.stat().st_size for path in out.rglob("*") if path.is_file()]
    return {
        "seconds": round(time.monotonic() - begin, 1),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
        "peak_memory_mib": round(used.ru_maxrss / 1024),
        "page_mib": round((out / "index.html").stat().st_size / 2**20, 2),
        "folder_mib": round(sum(files) / 2**20, 1),
        "files": len(files),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.report", description=__doc__)
    parser.add_argument("--runs", type=int, nargs="+", default=[13, 60, 200, 500])
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--wide", action="store_true", help="all levels in one experiment")
    parser.add_argument("--threads", type=int, default=1, help="of the libraries for arrays")
    parser.add_argument("--keep", type=Path, help="folder that keeps the stores and the reports")
    options = parser.parse_args()
    pictures: Pictures | None = None
    with tempfile.TemporaryDirectory() as scratch:
        for runs in options.runs:
            place = (options.keep or Path(scratch)) / str(runs)
            seeds = options.seeds if runs >= options.seeds * 4 else 1
            if (place / "store").exists():
                number = len(list((place / "store/runs").iterdir()))
            else:
                pictures = pictures or Pictures()
                number = fill(place / "store", pictures, runs, seeds, options.wide)
            figures = measure(place / "store", place / "report", options.threads)
            print(json.dumps({"runs": number, "seeds": seeds, **figures}), flush=True)


if __name__ == "__main__":
    main()
