import os
from pathlib import Path

import pytest

from kvjob.local import default_jobs, place
from tests.unit.local.fake_trainer import make_run


@pytest.fixture(autouse=True)
def plain_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Eight cores, no quota and no GPU, whatever this machine has."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    monkeypatch.setattr(place, "CPU_QUOTA", tmp_path / "cpu.max")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.mark.parametrize(("threads", "jobs"), [((1, 1), 8), ((1, 4), 2), ((3,), 2), ((16,), 1), ((), 8)])
def test_jobs_fill_the_cores_with_the_threads_of_the_widest_run(threads: tuple[int, ...], jobs: int) -> None:
    runs = [make_run(number, cpu_threads=count) for number, count in enumerate(threads)]
    assert default_jobs(runs) == jobs


@pytest.mark.parametrize(("quota", "cores"), [("200000 100000", 2), ("50000 100000", 1), ("max 100000", 8)])
def test_a_container_has_the_cores_of_its_quota(tmp_path: Path, quota: str, cores: int) -> None:
    (tmp_path / "cpu.max").write_text(quota + "\n")
    assert place.cores() == cores


def nvidia_smi(folder: Path, body: str) -> None:
    """A program in place of NVIDIA's, because the machine that tests has no GPU."""
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)


def test_each_gpu_trains_one_run_at_a_time(tmp_path: Path) -> None:
    nvidia_smi(tmp_path, "echo GPU-aa; echo GPU-bb")
    assert place.gpus() == ["GPU-aa", "GPU-bb"]
    assert default_jobs([make_run(1)]) == 2


def test_a_driver_that_does_not_answer_is_no_gpu(tmp_path: Path) -> None:
    nvidia_smi(tmp_path, "echo NVIDIA-SMI has failed; exit 9")
    assert place.gpus() == []


@pytest.mark.parametrize(("setting", "found"), [("1, GPU-cc", ["1", "GPU-cc"]), ("", []), ("-1", [])])
def test_a_choice_of_gpus_is_obeyed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, setting: str, found: list[str]
) -> None:
    nvidia_smi(tmp_path, "echo GPU-aa")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", setting)
    assert place.gpus() == found
