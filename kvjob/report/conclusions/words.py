"""How numbers read in a sentence: points with a true minus sign, intervals, lists, ratios."""

from collections.abc import Sequence

from kvjob.report.bootstrap import Difference
from kvjob.report.measure import POINTS

SAME = 0.05
"""Share by which two costs may differ and still read as about the same: clocks are no more exact."""


def points(difference: Difference) -> str:
    """`+0.8 points (−0.4 to +2.0)`: the mean and its 95 % interval."""
    return f"{signed_points(difference.mean)} points ({interval(difference)})"


def told(difference: Difference) -> str:
    """The verdict in words, with what made it if the interval alone would say otherwise."""
    if difference.comparison == "not distinguishable" and not difference.low <= 0 <= difference.high:
        return f"not distinguishable after correction ({probability(difference)})"
    return difference.comparison


def probability(difference: Difference) -> str:
    """`p = 0.043`, corrected for the number of comparisons."""
    return f"p = {difference.adjusted_p:.3f}" if difference.adjusted_p >= 0.001 else "p < 0.001"


def interval(difference: Difference) -> str:
    """`−0.4 to +2.0`, in points."""
    return f"{signed_points(difference.low)} to {signed_points(difference.high)}"


def signed_points(fraction: float) -> str:
    """A difference of scores in points with its sign; what rounds to zero has none."""
    shown = f"{fraction * POINTS:+.1f}"
    return (shown[1:] if float(shown) == 0 else shown).replace("-", "−")


def distance(difference: Difference, other: str) -> str:
    """`0.8 points of IoU above Adam`: the size and the side of a difference, or that there is none to see."""
    shown = f"{abs(difference.mean) * POINTS:.1f}"
    if float(shown) == 0:
        return f"level with {other}"
    return f"{shown} points of IoU {'above' if difference.mean > 0 else 'below'} {other}"


def joined(items: Sequence[str], word: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {word} {items[-1]}"


def times(ratio: float, what: str) -> str:
    """`1.4 times the baseline’s GPU-hours`, or `about the baseline’s GPU-hours`."""
    if abs(ratio - 1) <= SAME:
        return f"about the baseline’s {what}"
    return (
        f"{ratio:.1f} times the baseline’s {what}"
        if ratio >= 0.95
        else f"{ratio:.2f} times the baseline’s {what}"
    )


def span(values: Sequence[float]) -> str:
    """`1.2`, or `1.2 to 3.4` of several."""
    least, most = f"{min(values):.1f}", f"{max(values):.1f}"
    return most if least == most else f"{least} to {most}"


def counted(number: int, noun: str) -> str:
    """`1 seed`, `3 seeds`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def duration(hours: float) -> str:
    """`2.5 h`, `18 min`, `40 s`."""
    if hours >= 1:
        return f"{hours:.1f} h"
    return f"{hours * 60:.0f} min" if hours >= 1 / 30 else f"{hours * 3600:.0f} s"


def size(parameters: float) -> str:
    """`26.7 million`, or all digits below one."""
    return f"{parameters / 1e6:.1f} million" if parameters >= 1e6 else f"{parameters:,.0f}"
