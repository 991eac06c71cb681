"""The numbers of one run, from its records: what the trainer serves, the exporter goes on to serve."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kvjob.records.attempt import Attempt
from kvjob.records.live import Saved
from kvjob.records.run import EpochRow, PhaseScores, Result
from kvjob.study.scores import SCORES

PARTS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class RunValues:
    """What is known of one run; small, for an exporter holds thousands. The unknown is None or left out."""

    epoch: int = 0
    """Complete epochs."""
    scores: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """By part: the loss, then SCORES as means over images. Train and validation are of the last epoch."""
    best_iou: float | None = None
    """Validation IoU of the best epoch."""
    best_epoch: int = 0
    learning_rate: float | None = None
    """Of the last epoch."""
    images_per_second: float | None = None
    """While training the last epoch."""
    phases: Mapping[str, float] = field(default_factory=dict)
    """Seconds of all attempts that the loop spent in each."""
    checkpoint: Saved | None = None
    attempts: Mapping[str, int] = field(default_factory=dict)
    """Number by cause."""
    last_progress: float | None = None
    """Unix time."""
    diverged: bool = False
    gpu_memory_peak: int | None = None
    """Bytes; None if it never ran on a GPU."""


def run_values(
    attempts: Sequence[Attempt],
    history: Sequence[EpochRow],
    result: Result | None,
    checkpoint: Saved | None,
) -> RunValues:
    """The numbers that a run's records tell."""
    last = history[-1] if history else None
    best = next((row for row in reversed(history) if row.best), None)
    timing = next((each.epochs[-1] for each in reversed(attempts) if each.epochs), None)
    on_gpu = [attempt for attempt in attempts if attempt.device_kind == "cuda"]
    return RunValues(
        epoch=len(history),
        scores=_scores(last, result),
        best_iou=best.validation.mean_over_images.iou if best else None,
        best_epoch=best.epoch if best else 0,
        learning_rate=last.learning_rate if last else None,
        images_per_second=timing.images_per_second if timing else None,
        phases=_phases(attempts),
        checkpoint=checkpoint,
        attempts=Counter(attempt.cause for attempt in attempts),
        last_progress=attempts[-1].last_seen.timestamp() if attempts else None,
        diverged=result is not None and result.status == "diverged",
        gpu_memory_peak=max(attempt.peak_memory_bytes for attempt in on_gpu) if on_gpu else None,
    )


def _scores(last: EpochRow | None, result: Result | None) -> dict[str, tuple[float, ...]]:
    parts: dict[str, PhaseScores | None] = {
        "train": last.train if last else None,
        "validation": last.validation if last else None,
        "test": result.test if result else None,
    }
    return {
        part: (scores.loss, *(getattr(scores.mean_over_images, name) for name in SCORES))
        for part, scores in parts.items()
        if scores is not None
    }


def _phases(attempts: Sequence[Attempt]) -> dict[str, float]:
    seconds: dict[str, float] = {}
    for attempt in attempts:
        spent = [phase for timing in attempt.epochs for phase in timing.phases.items()]
        for phase, number in (*spent, *([("store", attempt.store_seconds)] if spent else [])):
            seconds[phase] = seconds.get(phase, 0.0) + number
    return seconds
