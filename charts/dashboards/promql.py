"""Queries. What they share:

- `max by (labels of a run)` makes one of the series that pod and exporter have of the same run.
- A value is that of now, and where there is none the last one of the time range, so that the table of a study
  answers when its pods, or the exporter, are gone.
- Which runs belong to an experiment is what `kvjob_run_roles` says: the baseline is a level of each of them.
"""

from charts.dashboards.metrics import RUN
from kvjob.records.budget import BUDGETS

STUDY = 'study="$study"'
CHOSEN = 'study="$study", seed=~"$seed"'
"""Runs of the study and the seeds chosen."""
ROLE = 'study="$study", experiment=~"$experiment", level=~"$level"'

STATES = {
    "running": "blue",
    "resume": "orange",
    "new": "text",
    "done": "green",
    "diverged": "purple",
    "failed": "red",
}
"""States of a run, and their colours."""

INTERRUPTED = "|".join(BUDGETS)
"""Causes after which a run is tried again."""
ENDED = "done|diverged|failed"
"""States that a run leaves only if somebody acts."""


def by(*labels: str) -> str:
    """`max by` the labels of a run and these."""
    return f"max by ({', '.join((*RUN, *labels))})"


def latest(metric: str, where: str = CHOSEN, *labels: str) -> str:
    """One value per run (and labels): that of now, or of a run that has none the last in the time range."""
    series = f"{metric}{{{where}}}"
    last = f"{by(*labels)} (last_over_time({series}[$__range])) unless on (study, run) {series}"
    return f"({by(*labels)} ({series}) or ({last}))"


def roles(where: str = ROLE) -> str:
    """Places of runs in experiments, as of the end of the time range; they never change."""
    labels = "study, run, experiment, level, baseline"
    return f"max by ({labels}) (last_over_time(kvjob_run_roles{{{where}}}[$__range] @ end()))"


def chosen(expression: str) -> str:
    """The part of it that belongs to the chosen experiments and levels."""
    return f"{expression} and on (study, run) {roles()}"


def per_level(runs: str, where: str = ROLE, how: str = "avg") -> str:
    """A value per run as a value per experiment and level, over the seeds.

    Args:
        runs: has a value for every study and run, whatever else its labels.
        where: which roles.
        how: the aggregation: avg, count, stddev.
    """
    each = f"{roles(where)} * on (study, run) group_left () max by (study, run) ({runs})"
    return f"{how} by (experiment, level) ({each})"


def held_back(where: str) -> str:
    """Runs that the cluster holds back, by study and reason."""
    return f"max by (study, reason) (kvjob_pods_waiting{{{where}}})"


def without_progress(where: str) -> str:
    """Seconds since runs in training made their last step."""
    return (
        f"time() - {by()} (kvjob_last_progress_timestamp_seconds{{{where}}})"
        f' and on (study, run) kvjob_run_state{{{where}, state="running"}}'
    )


def per_second(counter: str, where: str = "") -> str:
    """How fast a counter of the store grows, by operation."""
    series = f"{counter}{{{where}}}" if where else counter
    return f"sum by (operation) (rate({series}[$__rate_interval]))"


def operation_seconds(where: str = "") -> str:
    """Mean seconds of an operation of the store, by operation."""
    spent = per_second("kvjob_store_seconds_total", where)
    return f"{spent} / ({per_second('kvjob_store_operations_total', where)} > 0)"


def hours(seconds: str) -> str:
    """Seconds in hours."""
    return f"{seconds} / 3600"
