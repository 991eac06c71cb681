"""What only the exporter serves: states, studies, and what they cost."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from prometheus_client.core import Metric

from kvjob.observe.families import gauge, run_families
from kvjob.observe.labels import LABELS, NamedRun
from kvjob.observe.summary import STATES, RunSummary, State
from kvjob.observe.watch import Seen

SECONDS_PER_HOUR = 3600.0

_NOTHING = RunSummary()

Stand = tuple[NamedRun, RunSummary, State]


def store_families(seen: Seen, now: datetime, price: float | None) -> Iterator[Metric]:
    """Every run and study of a store.

    Args:
        seen: the store.
        now: to tell a run in training from one that fell silent.
        price: of one GPU for an hour; without one there is no cost.
    """
    studies = {name: _stands(seen, runs, now) for name, runs in seen.studies.items()}
    every = [stand for stands in studies.values() for stand in stands]
    yield from run_families(
        [
            (run, summary.settled(state))
            for run, summary, state in every
            if not summary.served_live(run.labels[0], state)
        ]
    )
    yield from _of_runs(every)
    yield _differences(studies)
    yield from _of_studies(studies, price)


def _stands(seen: Seen, runs: Sequence[NamedRun], now: datetime) -> list[Stand]:
    found = ((run, seen.runs.get(run.key, _NOTHING)) for run in runs)
    return [(run, summary, summary.state(now)) for run, summary in found]


def _of_runs(every: Sequence[Stand]) -> Iterator[Metric]:
    yield gauge(
        "kvjob_run_state",
        "1 for the present state; a run has no series for the others",
        (((*run.labels, state), 1) for run, _, state in every),
        (*LABELS, "state"),
    )
    yield gauge(
        "kvjob_run_roles",
        "The experiments that look at the run, and as which level; always 1",
        (((run.labels[0], run.key, *role), 1) for run, _, _ in every for role in run.roles),
        ("study", "run", "experiment", "level", "baseline"),
    )
    yield gauge(
        "kvjob_run_seconds",
        "Wall time of all attempts, as far as the store knows of it",
        ((run.labels, summary.seconds) for run, summary, _ in every),
    )
    yield gauge(
        "kvjob_gpu_seconds",
        "The part of it with a GPU; 0 without one",
        ((run.labels, summary.gpu_seconds) for run, summary, _ in every),
    )
    yield gauge(
        "kvjob_wasted_seconds",
        "The part of kvjob_run_seconds that had to be done again or led to nothing, by the attempt's cause",
        (
            ((*run.labels, cause), seconds)
            for run, summary, state in every
            for cause, seconds in summary.wasted_now(state).items()
        ),
        (*LABELS, "cause"),
    )


def _differences(studies: Mapping[str, Sequence[Stand]]) -> Metric:
    samples = []
    for stands in studies.values():
        base = {run.seed: summary.test_iou for run, summary, _ in stands if run.baseline}
        for run, summary, _ in stands:
            reference = base.get(run.seed)
            if not run.baseline and reference is not None and summary.test_iou is not None:
                samples.append((run.labels, summary.test_iou - reference))
    words = "Test IoU (mean over images) less that of the baseline with the same seed, ratio"
    return gauge("kvjob_iou_difference", words, samples)


def _of_studies(studies: Mapping[str, Sequence[Stand]], price: float | None) -> Iterator[Metric]:
    states = {name: [state for _, _, state in stands] for name, stands in studies.items()}
    counts = (((name, state), found.count(state)) for name, found in states.items() for state in STATES)
    yield gauge("kvjob_study_runs", "Runs of the study by state", counts, ("study", "state"))
    planned = (((name,), len(stands)) for name, stands in studies.items())
    yield gauge("kvjob_study_planned_runs", "Runs that the study plans", planned, ("study",))
    if price is None:
        return
    yield gauge("kvjob_gpu_hour_price", "What one GPU costs for an hour", [((), price)], ())
    hours = {
        name: sum(summary.gpu_seconds for _, summary, _ in stands) / SECONDS_PER_HOUR
        for name, stands in studies.items()
    }
    yield gauge(
        "kvjob_cost",
        "What the study's runs cost on GPUs; a run that two studies share is in both",
        (((name,), spent * price) for name, spent in hours.items()),
        ("study",),
    )
