"""`make bench`: images per second of the trainer, of a plain loop and of the no-data limit, in one run.

`scraped` is the trainer's share of its own speed that is left while its metrics are asked for every second.

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


def measure(part: str, case: str, precision: str, threads: int, data: Path) -> None:
    from tests.bench.limit import limit
    from tests.bench.plain import plain
    from tests.bench.scraped import scraped
    from tests.bench.trainer import trainer

    parts = {"limit": limit, "plain": plain, "trainer": trainer, "scraped": scraped}
    speed = parts[part](CASES[case], precision, threads, data)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"images_per_second": speed, "peak_memory_mib": peak}))


def child(part: str, case: str, precision: str, threads: int, data: Path) -> dict[str, float]:
    options = ["--part", part, "--case", case, "--precision", precision, "--threads", str(threads)]
    command = [sys.executable, "-m", "tests.bench", *options, "--data", str(data)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def compare(case: str, rounds: int, threads: int, data: Path) -> dict[str, object]:
    best: dict[tuple[str, str], dict[str, float]] = {}

    def measure_again(part: str, precision: str) -> float:
        found = child(part, case, precision, threads, data)
        before = best.get((part, precision), found)
        best[part, precision] = max(found, before, key=lambda figures: figures["images_per_second"])
        return found["images_per_second"]

    for _ in range(rounds):
        faster = max(("float32", "bfloat16"), key=lambda precision: measure_again("limit", precision))
        measure_again("trainer", faster)
        measure_again("scraped", faster)
        measure_again("plain", "float32")
    limits = {precision: figures for (part, precision), figures in best.items() if part == "limit"}
    precision = max(limits, key=lambda precision: limits[precision]["images_per_second"])
    if ("trainer", precision) not in best:
        measure_again("trainer", precision)
        measure_again("scraped", precision)
    limit, mine = limits[precision]["images_per_second"], best["trainer", precision]
    plain = best["plain", "float32"]["images_per_second"]
    return {
        "precision": precision,
        "limit": limit,
        "trainer": mine["images_per_second"],
        "plain": plain,
        "trainer_to_limit": mine["images_per_second"] / limit,
        "trainer_to_plain": mine["images_per_second"] / plain,
        "scraped_to_trainer": best["scraped", precision]["images_per_second"] / mine["images_per_second"],
        "trainer_peak_memory_mib": mine["peak_memory_mib"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("bench.json"))
    parser.add_argument("--rounds", type=int, default=1)
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
        print(f"{head}{'scraped':>9}{'MiB':>7}  precision")
        for name in [options.case] if options.case else CASES:
            row = results[name] = compare(name, options.rounds, options.threads, data)
            print(
                f"{name:16}{row['limit']:8.1f}{row['trainer']:9.1f}{row['plain']:8.1f}"
                f"{row['trainer_to_limit']:10.2f}{row['trainer_to_plain']:9.2f}"
                f"{row['scraped_to_trainer']:9.3f}{row['trainer_peak_memory_mib']:7.0f}  {row['precision']}",
                flush=True,
            )
    machine = {"machine": platform.machine(), "cpus": os.cpu_count(), "threads": options.threads}
    options.out.write_text(json.dumps({**machine, "cases": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
