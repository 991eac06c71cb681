"""What a report lacks, why, and what to do about it."""

from dataclasses import dataclass

from kvjob.report.document import ReportRecord, RunSummary
from kvjob.report.provenance import STUDY_FILE
from kvjob.report.read import Standing

ORDER: tuple[Standing, ...] = (
    "finished",
    "running",
    "interrupted",
    "missing",
    "diverged",
    "failed",
    "unreadable",
)
_SHOWN = 8
"""Levels that a line names at the most before it folds."""
_RUN = f"kvjob run {STUDY_FILE} --data DIR --store URL"


@dataclass(frozen=True, slots=True)
class Reason:
    """Runs that have not finished for one reason."""

    standing: Standing
    runs: tuple[str, ...]
    """Levels with their seeds; the first few."""
    more: tuple[str, ...]
    """The others."""
    why: str
    todo: str
    """What to do, in words around a command; empty if there is nothing."""
    command: str


@dataclass(frozen=True, slots=True)
class Gap:
    """An experiment whose means are not of all seeds."""

    experiment: str
    """Its name."""
    title: str
    levels: tuple[str, ...]
    """Each level with the seeds that its mean lacks; the first few."""
    more: tuple[str, ...]


def reasons(record: ReportRecord) -> list[Reason]:
    """Why runs have not finished, by how they stand; those with the same reason share a line."""
    groups: dict[tuple[Standing, str], list[RunSummary]] = {}
    for run in sorted(record.runs, key=lambda run: ORDER.index(run.standing)):
        if run.standing != "finished":
            why = run.why.removeprefix(f"{run.standing}, ")
            groups.setdefault((run.standing, why), []).append(run)
    return [_reason(standing, why, runs) for (standing, why), runs in groups.items()]


def gaps(record: ReportRecord) -> list[Gap]:
    """Which levels and seeds are missing from the means of each experiment."""
    runs = {run.key: run for run in record.runs}
    found = []
    for experiment in record.experiments:
        lacking = []
        for level in experiment.levels:
            seeds = [runs[key].seed for key in level.runs if runs[key].standing != "finished"]
            if seeds:
                has = "no mean" if len(seeds) == level.seeds else f"mean of {level.seeds - len(seeds)}"
                lacking.append(f"{level.label} lacks {_seeds(seeds)} of {level.seeds} ({has})")
        if lacking:
            first, more = _split(lacking)
            found.append(Gap(experiment.name, experiment.title or experiment.name, first, more))
    return found


def _reason(standing: Standing, why: str, runs: list[RunSummary]) -> Reason:
    levels: dict[str, list[int]] = {}
    for run in runs:
        levels.setdefault(run.title, []).append(run.seed)
    first, more = _split([f"{title}, {_seeds(seeds)}" for title, seeds in levels.items()])
    todo, command = _todo(standing, runs)
    return Reason(standing, first, more, f"{why[:1].upper()}{why[1:]}", todo, command)


def _todo(standing: Standing, runs: list[RunSummary]) -> tuple[str, str]:
    match standing:
        case "missing":
            return "To train:", _RUN
        case "interrupted":
            return "To go on after the last complete epoch:", _RUN
        case "failed":
            which = "Why" if len(runs) == 1 else "Why, for the first of them"
            return f"{which}, with the last lines of its log:", f"kvjob logs {runs[0].key} --store URL"
        case "unreadable":
            return "Restore it from a backup; or delete it and the run’s result.json, then:", _RUN
        case "diverged":
            return "That is a result; training again would give the same.", ""
        case _:
            return "", ""


def _seeds(seeds: list[int]) -> str:
    """`seed 3`, `seeds 0, 2`, `seeds 0–4`."""
    if len(seeds) == 1:
        return f"seed {seeds[0]}"
    ordered = sorted(seeds)
    if len(ordered) > 2 and ordered[-1] - ordered[0] == len(ordered) - 1:
        return f"seeds {ordered[0]}–{ordered[-1]}"
    return f"seeds {', '.join(map(str, ordered))}"


def _split(items: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(items[:_SHOWN]), tuple(items[_SHOWN:])
