"""The paragraph of an experiment: what was found, what was not, and at what cost.

Each sentence is a function of the facts alone, so that no word can say more than its numbers.
"""

from collections.abc import Iterable

from kvjob.report.conclusions.cost_words import cost_sentence
from kvjob.report.conclusions.facts import ExperimentFacts, LevelFacts, Unfinished
from kvjob.report.conclusions.headline import headline, inconclusive
from kvjob.report.conclusions.words import joined, signed_points, span
from kvjob.report.measure import POINTS

_HEADS = {
    "better": "Better than the baseline",
    "worse": "Worse than the baseline",
    "not distinguishable": "Not distinguishable from the baseline",
    "not compared": "Too few seeds to tell",
}


def paragraph(facts: ExperimentFacts) -> tuple[str, ...]:
    """The sentences about an experiment, in order."""
    if facts.limit == "none":
        opening = (headline(facts), *_others(facts), *_unseen(facts))
    else:
        opening = (inconclusive(facts),)
    return (*opening, *_cost(facts), *_gaps(facts.unfinished), *_claims(facts))


def _others(facts: ExperimentFacts) -> list[str]:
    """The verdicts of the levels that the headline does not name."""
    named = 2 if facts.levels[0].baseline else 1
    others = facts.levels[named:]
    groups = {verdict: [level for level in others if level.verdict == verdict] for verdict in _HEADS}
    return _one_sentence(
        [f"{_HEADS[verdict]}: {_listed(levels)}" for verdict, levels in groups.items() if levels]
    )


def _unseen(facts: ExperimentFacts) -> list[str]:
    """The smallest differences that would have been found."""
    levels = facts.with_verdict("not distinguishable")
    sizes = [level.iou_difference.detectable * POINTS for level in levels if level.iou_difference]
    if not sizes:
        return []
    found = f"four of five such studies would find a true difference of {span(sizes)} points of IoU"
    return [f"With {facts.images} test images, {found}; smaller ones mostly stay unseen."]


def _cost(facts: ExperimentFacts) -> list[str]:
    best, base = facts.best, facts.baseline
    if best is None or base is None or facts.limit in ("too few images", "test-steered"):
        return []
    return cost_sentence(best, base)


def _gaps(unfinished: Iterable[Unfinished]) -> list[str]:
    """Levels without a result, and those of which seeds are missing."""
    without, partly = [], []
    for level in unfinished:
        causes = joined([f"{count} {name}" for name, count in level.standings.items()])
        if level.finished:
            partly.append(f"{level.label} ({level.finished} of {level.seeds}; {causes})")
        else:
            without.append(f"{level.label} ({causes})")
    heads = (("No result", without), ("Not all seeds finished", partly))
    return _one_sentence([f"{head}: {joined(items)}" for head, items in heads if items])


def _claims(facts: ExperimentFacts) -> list[str]:
    said = []
    for result in facts.claims:
        quoted = f"The paper’s claim, “{result.claim.text}”,"
        if result.verdict == "not tested":
            reason = "the images are not the paper’s" if result.contests else "it has no such levels"
            said.append(f"{quoted} is not tested by this study: {reason}.")
        else:
            said.append(f"{quoted} is {result.verdict} by this study.")
    return said


def _listed(levels: Iterable[LevelFacts]) -> str:
    return joined([f"{level.label} ({signed_points(level.gain)})" for level in levels])


def _one_sentence(parts: list[str]) -> list[str]:
    """Parts joined by semicolons; nothing if there are none."""
    if not parts:
        return []
    first, *others = parts
    return [f"{'; '.join([first, *(part[0].lower() + part[1:] for part in others)])}."]
