"""How an experiment's paragraph begins: the best level and what it is worth, or why nothing is concluded."""

from collections.abc import Callable

from kvjob.report.conclusions.facts import ExperimentFacts, LevelFacts, Limit
from kvjob.report.conclusions.words import (
    counted,
    distance,
    interval,
    joined,
    points,
    probability,
    signed_points,
    told,
)


def headline(facts: ExperimentFacts) -> str:
    """The best level, where verdicts count."""
    return {
        "baseline": _baseline_first,
        "better": _better_first,
        "not distinguishable": _unclear_first,
        "not compared": _unknown_first,
        "worse": _unknown_first,  # of images in common alone; never of a level above all others
    }[facts.levels[0].verdict](facts)


def inconclusive(facts: ExperimentFacts) -> str:
    """Why nothing is concluded, and what there is all the same."""
    return _INCONCLUSIVE[facts.limit](facts)


def _baseline_first(facts: ExperimentFacts) -> str:
    base, *others = facts.levels
    said = f"No level scored above the baseline, {base.label} ({_scores(base)})"
    nearest = others[0]
    if nearest.iou_difference is None:
        return f"{said}; {nearest.label} could not be compared with it."
    return f"{said}; next comes {nearest.label}, {_away(nearest, 'it')}: {_told(nearest)}."


def _better_first(facts: ExperimentFacts) -> str:
    best = facts.levels[0]
    found = best.iou_difference
    p = f" ({probability(found)})" if found else ""
    return (
        f"{best.label} is best ({_scores(best)}): {_from_baseline(facts, best)}, which is distinguishable "
        f"after correction for every comparison of the study{p}{_lead(facts)}."
    )


def _unclear_first(facts: ExperimentFacts) -> str:
    best = facts.levels[0]
    ties = [level.label for level in facts.levels if _tied(level, best)]
    first = f"{best.label} scored highest" if len(ties) < 2 else f"{joined(ties)} share the first place"
    rest = _better_elsewhere(facts) or ", so no level is shown to beat the baseline"
    return f"{first} ({_scores(best)}): {_from_baseline(facts, best)}, which is {_told(best)}{rest}."


def _unknown_first(facts: ExperimentFacts) -> str:
    best = facts.levels[0]
    rest = _better_elsewhere(facts)
    return f"{best.label} scored highest ({_scores(best)}), but with too few seeds to conclude from it{rest}."


def _nothing(facts: ExperimentFacts) -> str:
    if facts.unfinished and all(set(level.standings) == {"diverged"} for level in facts.unfinished):
        return "Every run of this experiment diverged; nothing else can be concluded."
    return "No run of this experiment has finished, so nothing can be concluded yet."


def _without_baseline(facts: ExperimentFacts) -> str:
    first = facts.levels[0]
    name = f", {facts.baseline_label}," if facts.baseline_label else ""
    return (
        f"The baseline{name} has no result, so no level can be compared with it and nothing is concluded; of "
        f"the levels with a result, {first.label} scored highest ({_scores(first)})."
    )


def _only_baseline(facts: ExperimentFacts) -> str:
    base = facts.levels[0]
    result = f"{base.label}, has a result ({_scores(base)})"
    return f"Only the baseline, {result}: there is nothing to compare with it yet."


def _uncompared(facts: ExperimentFacts) -> str:
    ordered = sorted(facts.levels, key=lambda level: -level.iou)
    listed = joined([f"{level.label} {level.iou:.3f}" for level in ordered])
    return (
        "Levels could not be compared image by image, for want of test images or of their scores, so nothing "
        f"is concluded; their IoU: {listed}."
    )


def _steered(facts: ExperimentFacts) -> str:
    return (
        "The test set steered training, so these scores flatter and nothing is concluded from them. "
        f"{_as_it_stands(facts)}."
    )


def _single_seed(facts: ExperimentFacts) -> str:
    return f"{_as_it_stands(facts)}. A single seed says nothing of other seeds, so nothing is concluded."


_INCONCLUSIVE: dict[Limit, Callable[[ExperimentFacts], str]] = {
    "nothing finished": _nothing,
    "no baseline": _without_baseline,
    "only the baseline": _only_baseline,
    "too few images": _uncompared,
    "test-steered": _steered,
    "single seed": _single_seed,
}


def _as_it_stands(facts: ExperimentFacts) -> str:
    """What the numbers are where they decide nothing."""
    best = facts.levels[0]
    if best.baseline:
        return f"The baseline, {best.label}, scored highest ({_scores(best)})"
    return f"{best.label} scored highest ({_scores(best)}), {_from_baseline(facts, best)}"


def _better_elsewhere(facts: ExperimentFacts) -> str:
    """Another level that is better than the baseline, where the one that scored highest is not."""
    shown = facts.with_verdict("better")
    return f"; distinguishably better is {shown[0].label}" if shown else ""


def _from_baseline(facts: ExperimentFacts, level: LevelFacts) -> str:
    return _away(level, f"the baseline, {facts.baseline_label}")


def _away(level: LevelFacts, other: str) -> str:
    """`0.8 points of IoU above the baseline, Adam (95 % interval …; Dice …)`."""
    found, dice = level.iou_difference, level.dice_difference
    if found is None:
        return f"not compared with {other}"
    also = f"; Dice {signed_points(dice.mean)}, {interval(dice)}" if dice else ""
    return f"{distance(found, other)} (95 % interval {interval(found)}{also})"


def _told(level: LevelFacts) -> str:
    if not level.conclusive or level.iou_difference is None:
        return "with too few seeds to conclude from it"
    return told(level.iou_difference)


def _lead(facts: ExperimentFacts) -> str:
    """Whether the best level is told apart from the next."""
    if facts.lead is None or facts.lead.iou is None or not facts.lead.conclusive:
        return ""
    found = facts.lead.iou
    verdict = told(found) if found.comparison == "not distinguishable" else "distinguishable too"
    return f"; its lead over {facts.lead.other_label}, {points(found)}, is {verdict}"


def _scores(level: LevelFacts) -> str:
    return f"IoU {level.iou:.3f}, Dice {level.dice:.3f}, {counted(level.seeds, 'seed')}"


def _tied(level: LevelFacts, best: LevelFacts) -> bool:
    """Whether both read the same in print."""
    return level.iou_difference is not None and signed_points(level.gain) == signed_points(best.gain)
