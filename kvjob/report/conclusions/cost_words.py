"""What the best level costs beside the baseline, and how it trained, in one sentence."""

from kvjob.report.conclusions.facts import LevelFacts, ratio
from kvjob.report.conclusions.words import SAME, duration, joined, size, times

SOONER = 1.2
"""Ratio of epochs, and one epoch more or less, from which convergence is worth a word."""
UNSTEADY = 1.0
"""Points of standard deviation over the last five epochs from which a run's end is called unsteady."""


def cost_sentence(best: LevelFacts, base: LevelFacts) -> list[str]:
    """Nothing where nothing was measured."""
    said = _absolute(base) if best.baseline else _relative(best, base)
    course = "; ".join([*_convergence(best, base), *_stability(best)])
    if not said:
        return [f"{best.label}: {course}."] if course else []
    return [f"{said}; {course}." if course else f"{said}."]


def _absolute(base: LevelFacts) -> str:
    if base.price.hours is None:
        return ""
    speed = base.price.images_per_second
    at = f", at {speed:.0f} images per second" if speed else ""
    return f"{base.label} took {duration(base.price.hours)} of {_time(base)} a run{at}"


def _relative(best: LevelFacts, base: LevelFacts) -> str:
    hours, speed, parameters = _hours(best, base), _speed(best, base), _parameters(best, base)
    if _alike(best, base) and not parameters:
        taken = f"{duration(best.price.hours or 0.0)} of {_time(best)} a run"
        return f"{best.label} cost what the baseline did, {taken}"
    parts = [*hours, *speed, *parameters]
    return f"{best.label} {joined(parts)}" if parts else ""


def _alike(best: LevelFacts, base: LevelFacts) -> bool:
    """Whether hours are known and the same, and speed is not known to differ."""
    hours = ratio(best.price, base.price, "hours")
    speed = ratio(best.price, base.price, "images_per_second") or 1.0
    return hours is not None and max(abs(hours - 1), abs(speed - 1)) <= SAME


def _hours(best: LevelFacts, base: LevelFacts) -> list[str]:
    found = ratio(best.price, base.price, "hours")
    if found is None:
        return []
    both = f"{duration(best.price.hours or 0.0)} a run against {duration(base.price.hours or 0.0)}"
    return [f"took {times(found, _time(best))} ({both})"]


def _speed(best: LevelFacts, base: LevelFacts) -> list[str]:
    found = ratio(best.price, base.price, "images_per_second")
    if found is None:
        return []
    return [f"trained at {times(found, 'speed')} ({best.price.images_per_second:.0f} images per second)"]


def _parameters(best: LevelFacts, base: LevelFacts) -> list[str]:
    found = ratio(best.price, base.price, "parameters")
    if found is None or size(best.price.parameters or 0.0) == size(base.price.parameters or 0.0):
        return []
    return [
        f"has {size(best.price.parameters or 0.0)} parameters against {size(base.price.parameters or 0.0)}"
    ]


def _convergence(best: LevelFacts, base: LevelFacts) -> list[str]:
    ours, theirs = best.epochs_to_95, base.epochs_to_95
    if best.baseline or not ours or not theirs or abs(ours - theirs) < 1:
        return []
    if max(ours, theirs) < SOONER * min(ours, theirs):
        return []
    return [
        f"it reached 95 % of its best validation IoU after {ours:.1f} epochs, the baseline after {theirs:.1f}"
    ]


def _stability(best: LevelFacts) -> list[str]:
    if best.stability is None or best.stability < UNSTEADY:
        return []
    spread = f"{best.stability:.1f} points (one standard deviation)"
    return [f"its validation IoU still varied by {spread} over the last five epochs"]


def _time(level: LevelFacts) -> str:
    return f"{level.price.unit.removesuffix('-hours')} time"
