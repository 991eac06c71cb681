"""What this machine has for trainers: cores and GPUs, and how many runs it takes at a time."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from kvjob.study import PlannedRun

CPU_QUOTA = Path("/sys/fs/cgroup/cpu.max")
"""Where Linux tells a container its share of the cores: microseconds allowed per period of microseconds."""


def cores() -> int:
    """CPU cores that this process may use: those it is bound to, or fewer under a container's quota."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        allowed, period = CPU_QUOTA.read_text().split()
        quota = int(allowed) // int(period)
    except (OSError, ValueError):
        # Not Linux, an older kernel, or `max`: no quota.
        return bound
    return max(1, min(bound, quota))


def gpus() -> list[str]:
    """Identifiers of the NVIDIA GPUs, as CUDA_VISIBLE_DEVICES takes them; a setting of that is obeyed."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        return [name.strip() for name in chosen.split(",") if name.strip() not in ("", "-1")]
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    query = [program, "--query-gpu=uuid", "--format=csv,noheader"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    return [line.strip() for line in answer.splitlines() if line.startswith("GPU-")]


def default_jobs(runs: Sequence[PlannedRun]) -> int:
    """How many of runs to train at a time: one per GPU, or as many as the cores have threads for."""
    found = gpus()
    threads = max((run.config.cpu_threads for run in runs), default=1)
    return len(found) or max(1, cores() // threads)


def trainer_environment(run: PlannedRun, gpus: Sequence[str], place: int) -> dict[str, str]:
    """Environment of a run's trainer: its threads, and the GPU of its place among trainers at a time."""
    threads = str(run.config.cpu_threads)
    # Unbuffered, so that a log tells how far a killed trainer came.
    own = {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads, "PYTHONUNBUFFERED": "1"}
    if gpus:
        own["CUDA_VISIBLE_DEVICES"] = gpus[place % len(gpus)]
    return {**os.environ, **own}
