"""The device a run trains on, and how it is made to repeat itself."""

import os
import platform
import resource
from pathlib import Path

import torch

from kvjob.records.live import Gpu
from kvjob.study.config import TrainConfig


def prepare_device(config: TrainConfig) -> torch.device:
    """The GPU if there is one, else the CPU, set up as the configuration asks."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.set_num_threads(config.cpu_threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.type == "cuda":
        torch.use_deterministic_algorithms(config.deterministic)
        torch.backends.cudnn.benchmark = not config.deterministic
        if not config.deterministic:
            torch.set_float32_matmul_precision("high")
    return device


def device_name(device: torch.device) -> str:
    """The device in words: the GPU's product name, or the processor's."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def peak_memory_bytes(device: torch.device) -> int:
    """Largest memory so far: of the GPU's allocator, or of this process on a CPU."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return process_peak_bytes()


def process_peak_bytes() -> int:
    """Largest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def gpu_now(device: torch.device) -> Gpu | None:
    """Memory and utilisation of the GPU at this moment; may be called by any thread, and never fails."""
    if device.type != "cuda":
        return None
    try:
        utilization = torch.cuda.utilization(device) / 100
    except Exception:  # no NVML here, or a slice of a GPU, of which it knows nothing: each raises its own
        utilization = None
    return Gpu(torch.cuda.memory_allocated(device), utilization)
