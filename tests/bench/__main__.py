"""`make bench`: images per second of the trainer, of a plain loop and of the no-data limit, in one run.

Each figure comes from processes of its own, in rounds that alternate, so that a slow minute of the machine
meets all of them. The best round counts: what disturbs only makes slower.
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.cases import CASES

PARTS = (
    ("limit", "float32"),
    ("limit", "bfloat16"),
    ("trainer", "float32"),
    ("trainer", "bfloat16"),
    ("plain", "float32"),
)


def measure(part: str, case: str, precision: str, threads: int, data: Path) -> None:
    from tests.bench.limit import limit
    from tests.bench.plain import plain
    from tests.bench.trainer import trainer

    speed = {"limit": limit, "plain": plain, "trainer": trainer}[part](CASES[case], precision, threads, data)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"images_per_second": speed, "peak_memory_mib": peak}))


def child(part: str, case: str, precision: str, threads: int, data: Path) -> dict[str, float]:
    options = ["--part", part, "--case", case, "--precision", precision, "--threads", str(threads)]
    command = [sys.executable, "-m", "tests.bench", *options, "--data", str(data)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def compare(case: str, rounds: int, threads: int, data: Path) -> dict[str, object]:
    best: dict[tuple[str, str], dict[str, float]] = {}
    for _ in range(rounds):
        for part in PARTS:
            found = child(part[0], case, part[1], threads, data)
            if found["images_per_second"] > best.get(part, {"images_per_second": 0})["images_per_second"]:
                best[part] = found
    limits = {
        precision: best["limit", precision]["images_per_second"] for precision in ("float32", "bfloat16")
    }
    precision = max(limits, key=limits.__getitem__)
    mine = best["trainer", precision]
    plain = best["plain", "float32"]["images_per_second"]
    return {
        "precision": precision,
        "limit": limits[precision],
        "trainer": mine["images_per_second"],
        "plain": plain,
        "trainer_to_limit": mine["images_per_second"] / limits[precision],
        "trainer_to_plain": mine["images_per_second"] / plain,
        "trainer_peak_memory_mib": mine["peak_memory_mib"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("bench.json"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--case", choices=CASES, help="only this one")
    parser.add_argument("--part", help=argparse.SUPPRESS)
    parser.add_argument("--precision", help=argparse.SUPPRESS)
    parser.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        measure(options.part, options.case, options.precision, options.threads, options.data)
        return
    from kvjob.data import synthesize

    results = {}
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        synthesize(data, images=max(case.images for case in CASES.values()))
        head = f"{'img/s':16}{'limit':>8}{'trainer':>9}{'plain':>8}{'of limit':>10}{'x plain':>9}"
        print(f"{head}{'MiB':>7}  precision")
        for name in [options.case] if options.case else CASES:
            row = results[name] = compare(name, options.rounds, options.threads, data)
            print(
                f"{name:16}{row['limit']:8.1f}{row['trainer']:9.1f}{row['plain']:8.1f}"
                f"{row['trainer_to_limit']:10.2f}{row['trainer_to_plain']:9.2f}"
                f"{row['trainer_peak_memory_mib']:7.0f}  {row['precision']}",
                flush=True,
            )
    machine = {"machine": platform.machine(), "cpus": os.cpu_count(), "threads": options.threads}
    options.out.write_text(json.dumps({**machine, "cases": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
