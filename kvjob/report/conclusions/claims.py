"""What the paper claims and the experiments ask, each with the verdict of this study."""

from collections.abc import Iterable, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from kvjob.report.bootstrap import Difference
from kvjob.report.conclusions.contest import Contest, Contests, Pair
from kvjob.report.conclusions.words import points, told
from kvjob.report.dataset import DatasetKind
from kvjob.report.measure import POINTS
from kvjob.report.published import Claim, Published
from kvjob.report.summary import ExperimentSummary

Found = Literal["confirmed", "contradicted", "undecided"]
ClaimVerdict = Literal[Found, "yes", "no", "not tested"]
"""`not tested`: the study has no such levels, or, for a claim of the paper, ran on other images."""

_ANSWERS: dict[Found, ClaimVerdict] = {"confirmed": "yes", "contradicted": "no", "undecided": "undecided"}


class ClaimResult(BaseModel):
    """A claim or a question, and what this study has to say to it."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    claim: Claim
    """What is claimed or asked, and where."""
    kind: Literal["claim", "question"]
    """Whether the paper says so, or an experiment asks it."""
    on_this_data: Found
    """By this study's numbers alone, whatever images they are of."""
    verdict: ClaimVerdict
    """The verdict that counts."""
    contests: tuple[Contest, ...]
    """The comparisons it hangs on."""
    why: str
    """The numbers behind the verdict, as sentences."""


def pairs_of(claim: Claim, summaries: Sequence[ExperimentSummary]) -> list[Pair]:
    """The comparisons that decide a claim."""
    return [(claim.experiment, claim.level, other) for other in _others(claim, summaries)]


def judge_claims(
    published: Published, summaries: Sequence[ExperimentSummary], contests: Contests, dataset: DatasetKind
) -> tuple[ClaimResult, ...]:
    """Every claim of the paper, then every question that an experiment of the study asks."""
    claims = [_judge_one(claim, "claim", summaries, contests, dataset) for claim in published.paper.claims]
    questions = [
        _judge_one(question, "question", summaries, contests, dataset) for question in published.questions
    ]
    return (*claims, *(question for question in questions if question.contests))


def judge(claim: Claim, contests: Iterable[Contest]) -> Found:
    """The verdict that follows from the comparisons.

    A claim of better, worse or best holds if every comparison is told apart that way, and falls if one is
    told apart the other way. One of no difference holds if every interval lies within its margin, and falls
    if levels are told apart and their interval leaves it. Comparisons that are not conclusive decide nothing.
    """
    sides = [_side(claim, contest) for contest in contests]
    if "against" in sides:
        return "contradicted"
    return "confirmed" if sides and all(side == "for" for side in sides) else "undecided"


def _side(claim: Claim, contest: Contest) -> Literal["for", "against", "open"]:
    if contest.iou is None or not contest.conclusive:
        return "open"
    found = contest.iou.comparison
    if claim.says == "no difference":
        if _within(contest.iou, claim.margin):
            return "for"
        return "open" if found == "not distinguishable" else "against"
    if found == "not distinguishable":
        return "open"
    return "for" if found == ("worse" if claim.says == "worse" else "better") else "against"


def _within(difference: Difference, margin: float) -> bool:
    return -margin < POINTS * difference.low and POINTS * difference.high < margin


def _judge_one(
    claim: Claim,
    kind: Literal["claim", "question"],
    summaries: Sequence[ExperimentSummary],
    contests: Contests,
    dataset: DatasetKind,
) -> ClaimResult:
    wanted = pairs_of(claim, summaries)
    met = [contests.contest(*pair) for pair in wanted]
    held = tuple(contest for contest in met if contest is not None)
    complete = bool(wanted) and len(held) == len(wanted)
    found = judge(claim, held)
    if found == "confirmed" and not complete:
        found = "undecided"  # it says more than this study compared
    verdict: ClaimVerdict = found if kind == "claim" else _ANSWERS[found]
    if not held or (kind == "claim" and dataset != "official counts"):
        verdict = "not tested"
    return ClaimResult(
        claim=claim,
        kind=kind,
        on_this_data=found,
        verdict=verdict,
        contests=held,
        why=_why(claim, held, complete),
    )


def _others(claim: Claim, summaries: Sequence[ExperimentSummary]) -> list[str]:
    if claim.than:
        return list(claim.than)
    levels = [
        level.level for summary in summaries if summary.name == claim.experiment for level in summary.levels
    ]
    return [level for level in levels if level != claim.level]


def _why(claim: Claim, contests: Sequence[Contest], complete: bool) -> str:
    if not contests:
        return f"This study has no experiment {claim.experiment} with these levels."
    said = [_said(contest) for contest in contests]
    if not complete:
        said.append("Not every level that it names is in this study")
    return " ".join(f"{sentence}." for sentence in said)


def _said(contest: Contest) -> str:
    if contest.iou is None:
        return f"{contest.label} and {contest.other_label}: {contest.hindrance}"
    numbers = f"{contest.label} − {contest.other_label}: {points(contest.iou)}"
    if contest.hindrance:
        return f"{numbers}; {contest.hindrance}"
    return f"{numbers}, {told(contest.iou)}"
