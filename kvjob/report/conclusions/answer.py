"""The study's answer in a few lines, and its recommendation in words."""

from collections.abc import Sequence

from kvjob.report.conclusions.facts import ExperimentFacts, LevelFacts
from kvjob.report.conclusions.recommend import CHEAPER, MARGIN, Choice, Recommendation
from kvjob.report.conclusions.words import counted, joined, points, span
from kvjob.report.measure import POINTS


def answer(facts: Sequence[ExperimentFacts]) -> tuple[str, ...]:
    """What the whole study found: how many levels differ, the largest gain and loss, its blind spot."""
    levels = [(each, level) for each in facts for level in each.levels if not level.baseline]
    judged = [pair for pair in levels if pair[0].limit == "none" and pair[1].conclusive]
    if not judged:
        return (_none_judged(facts),)
    counts = {verdict: [pair for pair in judged if pair[1].verdict == verdict] for verdict in _VERDICTS}
    told = joined([f"{len(found)} {verdict}" for verdict, found in counts.items() if found])
    factors = counted(len({each.experiment for each, _ in judged}), "factor")
    judged_levels = f"{counted(len(judged), 'level')} of {factors}"
    said = [f"{judged_levels} could be judged against the baseline, one factor moved at a time: {told}."]
    if counts["better"]:
        best = max(counts["better"], key=lambda pair: pair[1].gain)
        said.append(f"The largest gain: {_named(*best)}.")
    if counts["worse"]:
        worst = min(counts["worse"], key=lambda pair: pair[1].gain)
        said.append(f"The largest loss: {_named(*worst)}.")
    return (*said, *_blind([level for _, level in counts["not distinguishable"]]), *_open(facts))


def recommendation(recommended: Recommendation) -> tuple[str, ...]:
    """Which levels to take, what is known of them together, and what is not."""
    taken = [choice for choice in recommended.choices if choice.changes]
    opening = _take(taken, [each for each in recommended.choices if each.reason == "no conclusion"])
    if not taken:
        return (opening,)
    if recommended.trained:
        return (opening, f"Exactly this was trained, with {counted(len(recommended.trained), 'seed')}.")
    return (opening, _UNTRAINED)


def reason(choice: Choice) -> str:
    """Why a level was chosen, in words."""
    return {
        "better": "distinguishably better than the baseline",
        "cheaper": f"not distinguishable, shown to lose less than {MARGIN:.0f} point, and at most "
        f"{CHEAPER * 100:.0f} % of the device-hours",
        "baseline": "no level is shown to be better, or cheaper and as good",
        "diverges": "the level that would be taken diverged with some seed",
        "no conclusion": "nothing can be concluded, so the baseline stays",
        "set aside": f"{choice.label} would be taken, but sets a field that another factor’s choice sets",
    }[choice.reason]


_UNTRAINED = (
    "Each level was tested alone, all else as in the baseline; the levels together were not trained, so "
    "neither their accuracy nor their cost is known: single gains need not add up."
)
_VERDICTS = ("better", "worse", "not distinguishable")


def _none_judged(facts: Sequence[ExperimentFacts]) -> str:
    reasons = sorted({each.limit for each in facts})
    words = {
        "nothing finished": "no level has finished",
        "no baseline": "the baseline has no result",
        "only the baseline": "only the baseline has a result",
        "too few images": "levels cannot be compared image by image",
        "test-steered": "the test set steered training",
        "single seed": "there is a single seed to compare",
        "none": "the levels that finished cannot be compared",
    }
    return f"This study allows no conclusion yet: {joined([words[each] for each in reasons])}."


def _named(facts: ExperimentFacts, level: LevelFacts) -> str:
    assert level.iou_difference is not None
    dice = f", Dice {points(level.dice_difference)}" if level.dice_difference else ""
    return f"{level.label} ({facts.title}), IoU {points(level.iou_difference)}{dice}"


def _blind(levels: Sequence[LevelFacts]) -> list[str]:
    sizes = [level.iou_difference.detectable * POINTS for level in levels if level.iou_difference]
    if not sizes:
        return []
    return [
        f"Not distinguishable is not equal: true differences below {span(sizes)} points mostly stay unseen."
    ]


def _open(facts: Sequence[ExperimentFacts]) -> list[str]:
    titles = [each.title for each in facts if each.limit != "none"]
    return [f"No conclusion on {joined(titles)}."] if titles else []


def _take(taken: Sequence[Choice], undecided: Sequence[Choice]) -> str:
    titles = joined([each.title for each in undecided])
    rest = f" Nothing can be concluded on {titles}." if titles else ""
    if not taken:
        return f"Keep the baseline: no level is shown to be better, or cheaper and as good.{rest}"
    levels = joined([f"{each.label} ({each.title})" for each in taken])
    return f"Take {levels}, and the baseline otherwise.{rest}"
