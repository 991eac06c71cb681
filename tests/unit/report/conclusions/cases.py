"""Experiments made up for what can be concluded from them."""

from kvjob.report.conclusions.claims import judge_claims
from kvjob.report.conclusions.contest import Contests
from kvjob.report.conclusions.facts import ExperimentFacts, contenders, experiment_facts
from kvjob.report.cost import Cost
from kvjob.report.dataset import DatasetKind
from kvjob.report.measure import Measure
from kvjob.report.published import load_published
from kvjob.report.summary import ExperimentSummary, LevelSummary
from tests.unit.report.differences import difference

BASE = 0.850
LABELS = {"adam": "Adam", "sgd": "SGD with momentum", "rmsprop": "RMSprop", "lion": "Lion"}


def level(
    name: str,
    gain: tuple[float, float, float] | None = None,
    *,
    baseline: bool = False,
    seeds: int = 3,
    finished: int | None = None,
    gone: str = "missing",
    p: float | None = None,
    detectable: float = 0.018,
    hours: float | None = 0.30,
    parameters: int = 26_677_585,
    speed: float | None = 160.0,
    epochs_to_95: float = 6.0,
    stability: float | None = 0.3,
    steered: bool = False,
) -> LevelSummary:
    """A level by its gain over the baseline in points: mean, and ends of the interval."""
    done = seeds if finished is None else finished
    found = None
    if gain is not None:
        low, high = gain[1] / 100, gain[2] / 100
        found = difference(gain[0] / 100, low, high, p).model_copy(
            update={"seeds": (done, seeds), "detectable": detectable}
        )
    iou = BASE + (gain[0] / 100 if gain else 0.0)
    dice = found and found.model_copy(
        update={name: getattr(found, name) / 2 for name in ("mean", "low", "high", "detectable")}
    )
    standings = {"finished": done} if done else {}
    if done < seeds:
        standings[gone] = seeds - done
    return LevelSummary(
        level=name,
        label=LABELS.get(name, name),
        baseline=baseline,
        seeds=seeds,
        standings=standings,
        test_steered=steered,
        mean_over_images={"iou": _measure(iou, done), "dice": _measure(iou + 0.06, done)} if done else None,
        over_all_pixels=None,
        difference=found,
        dice_difference=dice or None,
        verdict="baseline" if baseline else found.comparison if found else "no result",
        epochs=_measure(20, done),
        epochs_to_95=_measure(epochs_to_95, done),
        stability=_measure(stability, done),
        images_per_second=_measure(speed, done),
        hours_per_run=_measure(hours, done),
        cost=Cost(hours=1.0, wasted_hours=0.0, attempts=done, device_kind="cuda"),
        notes=(),
        parameters=parameters if done else None,
        pareto=(),
        published=None,
        runs=(),
    )


def base(**changes: object) -> LevelSummary:
    """The baseline."""
    return level("adam", baseline=True, **changes)


def experiment(*levels: LevelSummary) -> ExperimentSummary:
    """The optimiser's experiment, of which the paper claims something."""
    return ExperimentSummary(
        name="optimizer",
        title="Optimiser",
        question="Which?",
        factor="optimizer",
        table=3,
        levels=levels,
    )


def facts(*levels: LevelSummary, dataset: DatasetKind = "official counts") -> ExperimentFacts:
    """What is known of such an experiment; levels other than the baseline are compared by their gains."""
    summary = experiment(*levels)
    contests = Contests({"optimizer": summary}, between(summary))
    published = load_published()
    claims = judge_claims(published, [summary], contests, dataset)
    pair = contenders(summary)
    lead = contests.contest("optimizer", *pair) if pair else None
    return experiment_facts(summary, lead, [each for each in claims if each.kind == "claim"])


def between(summary: ExperimentSummary):
    """Every pair of levels without the baseline, compared by the difference of their gains."""
    from kvjob.report.compare import Compared

    found = {}
    levels = [each for each in summary.levels if each.difference]
    for first in levels:
        for second in levels:
            mean = first.difference.mean - second.difference.mean
            apart = difference(mean, mean - 0.01, mean + 0.01)
            apart = apart.model_copy(
                update={"seeds": (first.difference.seeds[0], second.difference.seeds[0])}
            )
            if first is not second:
                found["optimizer", first.level, second.level] = Compared(apart.comparison, apart, apart)
    return found


def _measure(value: float | None, seeds: int) -> Measure | None:
    return Measure(mean=value, std=None, n=seeds) if value is not None and seeds else None


BETTER = (2.1, 0.9, 3.3)
WORSE = (-10.2, -12.0, -8.4)
UNCLEAR = (0.8, -0.4, 2.0)

CASES: dict[str, ExperimentFacts] = {
    "one level is better": facts(base(), level("sgd", WORSE), level("rmsprop", BETTER)),
    "two levels are better, one of them by more": facts(
        base(), level("sgd", (1.8, 0.6, 3.0)), level("rmsprop", (4.0, 2.8, 5.2), hours=0.42, speed=110.0)
    ),
    "the best is not distinguishable": facts(base(), level("sgd", WORSE), level("rmsprop", UNCLEAR)),
    "the interval leaves out zero, and the correction takes it back": facts(
        base(), level("rmsprop", (0.8, 0.1, 1.5), p=0.07)
    ),
    "the best is not distinguishable, another is better": facts(
        base(), level("sgd", (0.9, 0.4, 1.4)), level("rmsprop", (1.0, -0.4, 2.4))
    ),
    "two levels tie": facts(base(), level("sgd", UNCLEAR), level("rmsprop", (0.82, -0.4, 2.0))),
    "a level ties with the baseline": facts(base(), level("rmsprop", (0.01, -1.2, 1.2))),
    "the baseline is best, and others are close": facts(
        base(), level("sgd", (-0.4, -1.6, 0.8)), level("rmsprop", (-0.6, -1.8, 0.6), detectable=0.024)
    ),
    "the baseline is best, and all others are worse": facts(
        base(), level("sgd", WORSE), level("rmsprop", WORSE)
    ),
    "the best is smaller and faster": facts(
        base(), level("rmsprop", BETTER, hours=0.12, parameters=2_100_000, speed=410.0, epochs_to_95=3.0)
    ),
    "the best is slower to converge and does not settle": facts(
        base(), level("rmsprop", BETTER, hours=0.66, epochs_to_95=14.0, stability=2.4)
    ),
    "cost is not known": facts(
        base(hours=None, speed=None), level("rmsprop", BETTER, hours=None, speed=None)
    ),
    "some seeds diverged": facts(base(), level("rmsprop", BETTER, finished=2, gone="diverged")),
    "a level diverged": facts(base(), level("sgd", finished=0, gone="diverged"), level("rmsprop", BETTER)),
    "the best has one seed of three": facts(
        base(), level("sgd", WORSE), level("rmsprop", BETTER, finished=1, gone="running")
    ),
    "a single seed": facts(base(seeds=1), level("sgd", WORSE, seeds=1), level("rmsprop", BETTER, seeds=1)),
    "a single seed, and the baseline is best": facts(base(seeds=1), level("sgd", WORSE, seeds=1)),
    "the test set steered": facts(base(steered=True), level("rmsprop", BETTER, steered=True)),
    "the baseline has no result": facts(base(finished=0, gone="failed"), level("sgd"), level("rmsprop")),
    "only the baseline has a result": facts(base(), level("sgd", finished=0), level("rmsprop", finished=0)),
    "too few images": facts(base(), level("rmsprop")),
    "nothing has finished": facts(base(finished=0), level("rmsprop", finished=0, gone="interrupted")),
    "everything diverged": facts(
        base(finished=0, gone="diverged"), level("rmsprop", finished=0, gone="diverged")
    ),
    "other images than the paper’s": facts(
        base(), level("sgd", WORSE), level("rmsprop", BETTER), dataset="synthetic"
    ),
    "against the paper’s claim": facts(base(), level("sgd", WORSE), level("rmsprop", (-2.0, -3.0, -1.0))),
}
"""Situations by what makes them."""
