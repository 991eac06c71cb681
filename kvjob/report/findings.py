"""What each experiment found, in a sentence or two."""

from collections.abc import Iterable

from kvjob.report.summary import ExperimentSummary, LevelSummary
from kvjob.report.tables import signed, standing


def finding(summary: ExperimentSummary) -> str:
    """Who is better, who is worse, who cannot be told apart, and what is not known yet."""
    baseline = next((level for level in summary.levels if level.baseline), None)
    groups = {verdict: [level for level in summary.levels if level.verdict == verdict] for verdict in _HEADS}
    said = [f"{_HEADS[verdict]}: {_list(levels)}." for verdict, levels in groups.items() if levels]
    if baseline is not None and baseline.verdict == "baseline":
        said = [
            f"Against the baseline, {baseline.label}.",
            *(said or ["There is nothing to compare with it."]),
        ]
    return " ".join(said)


_HEADS = {
    "better": "Better",
    "worse": "Worse",
    "not distinguishable": "Not distinguishable",
    "too few images": "Too few test images to tell",
    "no baseline": "Not compared, because the baseline has no result",
    "no result": "No result",
}


def _list(levels: Iterable[LevelSummary]) -> str:
    ranked = sorted(levels, key=lambda level: -abs(level.difference.mean) if level.difference else 0.0)
    return ", ".join(
        f"{level.label} ({_detail(level)})" if _detail(level) else level.label for level in ranked
    )


def _detail(level: LevelSummary) -> str:
    if level.difference is not None:
        return signed(level.difference.mean)
    return standing(level) if level.verdict == "no result" else ""
