"""`python -m tests.bench.coverage`: how often intervals hold the truth, in simulated studies.

Takes a few minutes of one core. The figures are kept in docs/statistics.md.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from time import process_time

import numpy as np

from kvjob.report.bootstrap import Difference, holm, paired_bootstrap
from tests.bench.studies import Shape, simulate, truth

FAMILY = 10
"""Levels of a simulated study, all compared with its baseline."""
REPLICATES = 500
"""Resamples of each comparison: a twentieth of a report's, for the same standard error within 3 %."""

_NORMAL = (
    Shape(1, 10, 0.0),
    Shape(1, 118, 0.0),
    Shape(1, 118, 0.005),
    Shape(2, 118, 0.005),
    Shape(3, 10, 0.005),
    Shape(3, 30, 0.005),
    Shape(3, 118, 0.0),
    Shape(3, 118, 0.005),
    Shape(3, 118, 0.02),
    Shape(3, 118, 0.005, baseline_seeds=2),
    Shape(5, 118, 0.005),
    Shape(5, 118, 0.02),
)
_SKEWED = tuple(
    Shape(seeds, images, 0.0 if seeds == 1 else 0.05, skewed=True, helps=helps)
    for helps in (False, True)
    for seeds, images in ((1, 10), (1, 30), (1, 118), (3, 10), (3, 30), (3, 118), (5, 118))
)
SHAPES = (*_NORMAL, *_SKEWED)


@dataclass(frozen=True, slots=True)
class Measured:
    """What simulated studies of a shape gave. Shares from 0 to 1."""

    held: float
    """Comparisons whose interval holds the truth."""
    held_error: float
    """Standard error of that; comparisons of a study share its baseline and count as one."""
    false: float | None
    """Studies with a verdict other than `not distinguishable`, if there is no difference."""
    false_error: float | None
    width: float
    """Mean length of the intervals."""
    detectable: float
    """Mean of what the studies call detectable."""
    power: float | None
    """Comparisons that find a true difference of that size, as the first of the family."""
    power_error: float | None


def measure(shape: Shape, studies: int, *, family: int = FAMILY, replicates: int = REPLICATES) -> Measured:
    """Simulate studies of a shape; equal arguments give equal figures."""
    rng = np.random.default_rng([shape.seeds, shape.images, round(shape.of_seeds * 1e4), shape.helps])
    difference = truth(shape, rng)
    held, false, widths, sizes = [], [], [], []
    for told in _studies(shape, studies, family, 0.0, replicates, rng):
        held.append(np.mean([each.low <= difference <= each.high for each in told]))
        false.append(any(each.comparison != "not distinguishable" for each in told))
        widths += [each.high - each.low for each in told]
        sizes += [each.detectable for each in told]
    detectable = float(np.mean(sizes))
    found = [] if shape.helps else list(_finds(shape, studies, family, detectable, replicates, rng))
    return Measured(
        held=float(np.mean(held)),
        held_error=_error(held),
        false=None if shape.helps else float(np.mean(false)),
        false_error=None if shape.helps else _error(false),
        width=float(np.mean(widths)),
        detectable=detectable,
        power=float(np.mean(found)) if found else None,
        power_error=_error(found) if found else None,
    )


def _studies(
    shape: Shape, studies: int, family: int, effect: float, replicates: int, rng: np.random.Generator
) -> Iterator[list[Difference]]:
    """The differences of each study's levels, corrected as a report does."""
    for study in range(studies):
        baseline, levels = simulate(shape, family, effect, rng)
        alone = [
            paired_bootstrap(level, baseline, paired=shape.paired, replicates=replicates, seed=study)
            for level in levels
        ]
        adjusted = holm([each.p for each in alone])
        yield [each.corrected(p, family) for each, p in zip(alone, adjusted, strict=True)]


def _finds(
    shape: Shape, studies: int, family: int, effect: float, replicates: int, rng: np.random.Generator
) -> Iterator[bool]:
    """Whether a level that is better by effect is found where no other level of its study is."""
    for (alone,) in _studies(shape, studies, 1, effect, replicates, rng):
        yield alone.corrected(min(1.0, alone.p * family), family).comparison == "better"


def _error(values: list[bool] | list[np.floating]) -> float:
    return float(np.std(values, ddof=1) / len(values) ** 0.5)


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=1000, help="simulated studies of each shape")
    studies = parser.parse_args().studies
    begin = process_time()
    print(
        "| scores | seeds | images | sd of seeds | interval holds truth | studies with a false finding ",
        end="",
    )
    print("| length | detectable | power there |\n|---|---|---|---|---|---|---|---|---|")
    for shape in SHAPES:
        print(_row(shape, measure(shape, studies)), flush=True)
    print(f"\n{studies} studies of {FAMILY} levels per row; {process_time() - begin:.0f} s of CPU")


def _row(shape: Shape, found: Measured) -> str:
    scores = ("skewed, levels help" if shape.helps else "skewed") if shape.skewed else "normal"
    seeds = f"{shape.seeds}" if shape.paired else f"{shape.seeds} and {shape.baseline_seeds}"
    luck = f"{shape.of_seeds:g} (logit)" if shape.skewed else f"{shape.of_seeds * 100:g} points"
    return " | ".join(
        (
            f"| {scores}",
            seeds,
            str(shape.images),
            luck,
            _share(found.held, found.held_error),
            _share(found.false, found.false_error),
            f"{found.width * 100:.2f}",
            f"{found.detectable * 100:.2f}",
            f"{_share(found.power, found.power_error)} |",
        )
    )


def _share(value: float | None, error: float | None) -> str:
    return "–" if value is None or error is None else f"{value:.1%} ± {error * 100:.1f}"


if __name__ == "__main__":
    main()
