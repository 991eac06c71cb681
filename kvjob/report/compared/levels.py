"""The levels that two studies share, compared one by one."""

from collections.abc import Sequence
from dataclasses import dataclass

from kvjob.report.bootstrap import FEWEST_IMAGES, Interval, mean_interval
from kvjob.report.compare import Compared, compare, corrected, scores_by_image
from kvjob.report.compared.document import LevelPair, LevelSide, Verdict
from kvjob.report.compared.match import Place
from kvjob.report.cost import cost
from kvjob.report.measure import Measure, measure
from kvjob.report.read import Run

Keys = tuple[tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Pair:
    """A level of both studies, and what is said of the two configurations."""

    a: Place
    b: Place
    notes: tuple[str, ...] = ()


def compare_levels(pairs: Sequence[Pair], *, same_images: bool) -> tuple[LevelPair, ...]:
    """Compare B with A, level by level.

    Several experiments share the runs of their baseline; these are compared once, so that the correction for
    the number of comparisons counts them once. Runs that are in both studies are no comparison at all.

    Args:
        pairs: the levels.
        same_images: whether both studies have the same data set; else nothing pairs their images.
    """
    found: dict[Keys, Compared] = {}
    if same_images:
        every = {
            _keys(pair): compare(pair.b.runs, pair.a.runs)
            for pair in {_keys(pair): pair for pair in pairs}.values()
        }
        found = every | corrected({keys: each for keys, each in every.items() if keys[0] != keys[1]})
    sides = {place.names + _run_keys(place): _side(place) for pair in pairs for place in (pair.a, pair.b)}
    return tuple(_told(pair, found.get(_keys(pair)), sides) for pair in pairs)


def _told(pair: Pair, compared: Compared | None, sides: dict[tuple[str, ...], LevelSide]) -> LevelPair:
    a, b = (sides[place.names + _run_keys(place)] for place in (pair.a, pair.b))
    names = pair.a.names
    title = pair.a.title if pair.b.names == names else f"{pair.a.title} (in B {pair.b.title})"
    verdict = _verdict(a, b, compared)
    return LevelPair(
        experiment=names[0],
        level=names[1],
        title=title,
        a=a,
        b=b,
        iou=compared.iou if compared else None,
        dice=compared.dice if compared else None,
        verdict=verdict,
        notes=(*pair.notes, *(compared.notes if compared else ())),
    )


def _verdict(a: LevelSide, b: LevelSide, compared: Compared | None) -> Verdict:
    if not a.finished or not b.finished:
        missing = [name for name, side in (("A", a), ("B", b)) if not side.finished]
        return (
            "no result" if len(missing) == 2 else ("no result in A" if missing == ["A"] else "no result in B")
        )
    if compared is None:
        return "not comparable"
    if a.runs == b.runs:
        return "same runs"
    match compared.verdict:
        case "better" | "worse" | "not distinguishable" | "too few images":
            return compared.verdict
        case "no baseline":
            return "no result in A"
        case _:
            return "no result in B"


def _side(place: Place) -> LevelSide:
    done = [run for run in place.runs if run.standing == "finished"]
    return LevelSide(
        experiment=place.experiment.name,
        level=place.level.name,
        seeds=len(place.runs),
        finished=len(done),
        iou=_over_seeds(done, "iou"),
        dice=_over_seeds(done, "dice"),
        iou_interval=_interval(done),
        epochs=measure(run.result.epochs if run.result else None for run in done),
        cost=cost(place.runs),
        runs=tuple(run.key for run in place.runs),
    )


def _over_seeds(done: Sequence[Run], score: str) -> Measure | None:
    phases = [run.result.test if run.result else None for run in done]
    return measure(getattr(phase.mean_over_images, score) if phase else None for phase in phases)


def _interval(runs: Sequence[Run]) -> Interval | None:
    """Of the mean over seeds and over the images that all of them were scored on."""
    ious = scores_by_image(runs).get("iou")
    return mean_interval(ious) if ious is not None and ious.shape[1] >= FEWEST_IMAGES else None


def _keys(pair: Pair) -> Keys:
    return _run_keys(pair.a), _run_keys(pair.b)


def _run_keys(place: Place) -> tuple[str, ...]:
    return tuple(run.key for run in place.runs)
