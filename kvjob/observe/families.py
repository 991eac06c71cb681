"""Values of runs as metric families: the names, words and labels, the same from trainer and exporter."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from kvjob.observe.labels import FIELDS, LABELS, NamedRun
from kvjob.observe.values import RunValues
from kvjob.study.scores import SCORES

Known = tuple[NamedRun, RunValues]

_OF = "Train and validation: of the last epoch; test: of the best, once done"
_TITLES = {"loss": "Loss", "iou": "Intersection over union", "dice": "Dice coefficient"}


def gauge(
    name: str, words: str, samples: Iterable[tuple[Sequence[str], float]], labels: Sequence[str] = LABELS
) -> GaugeMetricFamily:
    """A gauge of those label values and numbers."""
    family = GaugeMetricFamily(name, words, labels=labels)
    for values, number in samples:
        family.add_metric(values, number)
    return family


def run_families(known: Sequence[Known]) -> Iterator[Metric]:
    """Every metric that both trainer and exporter serve."""
    yield from _numbers(known)
    yield from _scores(known)
    yield _phases(known)
    causes = (
        ((*run.labels, cause), number) for run, values in known for cause, number in values.attempts.items()
    )
    yield gauge("kvjob_attempts", "Attempts by how they ended, or `running`", causes, (*LABELS, "cause"))
    yield gauge(
        "kvjob_run_info",
        "Configuration of the run; always 1",
        (((*run.labels, *run.info), 1) for run, _ in known),
        (*LABELS, *FIELDS),
    )


_NUMBERS: tuple[tuple[str, str, Callable[[NamedRun, RunValues], float | None]], ...] = (
    ("kvjob_epoch", "Complete epochs", lambda _, values: values.epoch),
    ("kvjob_epochs_planned", "The most epochs it will train", lambda run, _: run.epochs),
    ("kvjob_best_iou", "Validation IoU of the best epoch, mean over images, ratio", lambda _, v: v.best_iou),
    ("kvjob_best_epoch", "The best epoch; 0 before the first", lambda _, values: values.best_epoch),
    ("kvjob_learning_rate", "Step size of the last epoch", lambda _, values: values.learning_rate),
    (
        "kvjob_images_per_second",
        "Images trained per second in the last epoch, or so far in the first",
        lambda _, values: values.images_per_second,
    ),
    (
        "kvjob_checkpoint_timestamp_seconds",
        "Unix time of the newest checkpoint that is in the store",
        lambda _, values: values.checkpoint.at if values.checkpoint else None,
    ),
    (
        "kvjob_checkpoint_bytes",
        "Size of the newest checkpoint",
        lambda _, values: values.checkpoint.size if values.checkpoint else None,
    ),
    (
        "kvjob_last_progress_timestamp_seconds",
        "Unix time of the last step, or last sign of life of a run that is not training",
        lambda _, values: values.last_progress,
    ),
    ("kvjob_loss_not_finite", "1 if the loss stopped being finite, else 0", lambda _, v: v.diverged),
    (
        "kvjob_gpu_memory_peak_bytes",
        "Most memory of the GPU that tensors held",
        lambda _, values: values.gpu_memory_peak,
    ),
)


def _numbers(known: Sequence[Known]) -> Iterator[Metric]:
    for name, words, number in _NUMBERS:
        found = ((run.labels, number(run, values)) for run, values in known)
        yield gauge(name, words, ((labels, value) for labels, value in found if value is not None))


def _scores(known: Sequence[Known]) -> Iterator[Metric]:
    for place, name in enumerate(("loss", *SCORES)):
        unit = "mean per image" if name == "loss" else "mean over images, ratio"
        samples = (
            ((*run.labels, part), scores[place])
            for run, values in known
            for part, scores in values.scores.items()
        )
        words = f"{_TITLES.get(name, name.title())}, {unit}. {_OF}"
        yield gauge(f"kvjob_{name}", words, samples, (*LABELS, "part"))


def _phases(known: Sequence[Known]) -> Metric:
    family = CounterMetricFamily(
        "kvjob_phase_seconds",
        "Seconds of all attempts that training spent in each phase",
        labels=(*LABELS, "phase"),
    )
    for run, values in known:
        for phase, seconds in values.phases.items():
            family.add_metric((*run.labels, phase), seconds)
    return family
