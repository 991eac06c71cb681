"""Conclusions drawn by rule: numbers to facts, facts to sentences, and nothing said that no number says."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from kvjob.report.conclusions.answer import answer, recommendation
from kvjob.report.conclusions.claims import ClaimResult, judge_claims, pairs_of
from kvjob.report.conclusions.contest import Contest, Contests
from kvjob.report.conclusions.facts import ExperimentFacts, contenders, experiment_facts
from kvjob.report.conclusions.next_study import NEXT_STUDY, next_study, options
from kvjob.report.conclusions.recommend import Choice, Recommendation, recommend
from kvjob.report.conclusions.sentences import paragraph
from kvjob.report.dataset import DatasetKind
from kvjob.report.published import Published
from kvjob.report.read import StudyData
from kvjob.report.summary import ExperimentSummary


class ExperimentConclusion(BaseModel):
    """What is concluded of one experiment."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    facts: ExperimentFacts
    """What is known, as values."""
    sentences: tuple[str, ...]
    """Its paragraph, which follows from the facts."""


class Conclusions(BaseModel):
    """What is concluded of the study."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    dataset: DatasetKind
    """What the study’s images are, as far as the store can tell."""
    answer: tuple[str, ...]
    """The study's answer, in sentences."""
    experiments: tuple[ExperimentConclusion, ...]
    recommendation: Recommendation
    """The configuration that follows."""
    advice: tuple[str, ...]
    """The recommendation in sentences."""
    claims: tuple[ClaimResult, ...]
    """What the paper claims, then what the experiments ask."""

    def of(self, experiment: str) -> ExperimentConclusion:
        """The conclusion on the experiment of that name."""
        return next(each for each in self.experiments if each.facts.experiment == experiment)


def conclude(
    data: StudyData, summaries: Sequence[ExperimentSummary], published: Published, dataset: DatasetKind
) -> Conclusions:
    """Everything that can be concluded of a study at this moment."""
    leads = {summary.name: found for summary in summaries if (found := contenders(summary))}
    asked = (*published.paper.claims, *published.questions)
    wanted = [(name, *pair) for name, pair in leads.items()]
    contests = Contests.of(
        data, summaries, wanted + [p for claim in asked for p in pairs_of(claim, summaries)]
    )
    claims = judge_claims(published, summaries, contests, dataset)
    facts = [_facts(summary, leads, contests, claims) for summary in summaries]
    recommended = recommend(data, facts)
    return Conclusions(
        dataset=dataset,
        answer=answer(facts),
        experiments=tuple(ExperimentConclusion(facts=each, sentences=paragraph(each)) for each in facts),
        recommendation=recommended,
        advice=recommendation(recommended),
        claims=claims,
    )


def _facts(
    summary: ExperimentSummary,
    leads: dict[str, tuple[str, str]],
    contests: Contests,
    claims: Sequence[ClaimResult],
) -> ExperimentFacts:
    pair = leads.get(summary.name)
    lead: Contest | None = contests.contest(summary.name, *pair) if pair else None
    own = [each for each in claims if each.kind == "claim" and each.claim.experiment == summary.name]
    return experiment_facts(summary, lead, own)


__all__ = [
    "NEXT_STUDY",
    "Choice",
    "ClaimResult",
    "Conclusions",
    "ExperimentConclusion",
    "ExperimentFacts",
    "Recommendation",
    "conclude",
    "next_study",
    "options",
    "paragraph",
]
