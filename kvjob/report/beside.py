"""The paper's values and those of others beside this study's, as far as the two can be compared."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from kvjob.report.bootstrap import FEWEST_IMAGES, Interval, mean_interval
from kvjob.report.compare import scores_by_image
from kvjob.report.dataset import DatasetKind, described
from kvjob.report.published import PaperProtocol, Published, PublishedScores
from kvjob.report.read import StudyData
from kvjob.report.summary import ExperimentSummary, LevelSummary
from kvjob.study import TrainConfig, train_config
from kvjob.study.plan import base_values


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class BesideScore(_Part):
    """One published score and ours of the same level."""

    table: int
    """The paper's table, 2 to 4."""
    experiment: str
    level: str
    label: str
    score: str
    """`loss`, `accuracy`, `iou`, `dice`, `precision` or `recall`."""
    published: float | None
    """None if it is not at hand."""
    ours: float | None
    """Mean over images and seeds; None if the level has no result here."""
    interval: Interval | None
    """Of our mean; None where there are too few images, and for the loss, which no image has of its own."""
    over_all_pixels: float | None
    """Ours by the other definition."""
    difference: float | None
    """Ours minus published; None where no comparison is drawn."""
    inside: bool | None
    """Whether the published value lies inside our interval; None where no comparison is drawn."""


class BesideCount(_Part):
    """A number of Table I."""

    name: Literal["parameters", "trainable"]
    published: int | None
    """None if it is not at hand."""
    ours: int | None
    """Of the first run that has described its network; None if none has."""


class BesideOther(_Part):
    """A result of somebody else and ours: the study's baseline."""

    method: str
    source: str
    score: str
    """`iou` or `dice`."""
    published: float
    """0 to 1."""
    difference: float | None
    """Ours minus published; None where no comparison is drawn."""
    inside: bool | None
    """Whether it lies inside the interval of our baseline; None where no comparison is drawn."""


class ProtocolLine(_Part):
    """One respect in which the paper and this study may differ."""

    aspect: str
    """What is compared."""
    paper: str | None
    """None if it is not at hand."""
    ours: str
    """The base configuration of this study."""
    verdict: Literal["same", "differs", "not at hand", "cannot tell"]
    """Whether both do the same."""


class Beside(_Part):
    """All of it."""

    dataset: DatasetKind
    """What the study’s images are, as far as the store can tell."""
    comparable: bool
    """Whether the two are set side by side: the images may be the same ones."""
    protocol: tuple[ProtocolLine, ...]
    """What the two studies do alike, and what not."""
    network: tuple[BesideCount, ...]
    """Table I."""
    scores: tuple[BesideScore, ...]
    """Every value of Tables II to IV, level by level."""
    baseline: dict[str, Interval]
    """The study's baseline by score, empty if it has no result."""
    others: tuple[BesideOther, ...]


def set_beside(
    data: StudyData, summaries: Sequence[ExperimentSummary], published: Published, kind: DatasetKind
) -> Beside:
    """Compare with what is published, where the images may be the same; else only say what is published."""
    comparable = kind == "official counts"
    baseline = _baseline(data, summaries)
    return Beside(
        dataset=kind,
        comparable=comparable,
        protocol=_protocol(data, published.paper.protocol, kind),
        network=_network(data, published),
        scores=tuple(_scores(data, summaries, published, comparable)),
        baseline=baseline,
        others=tuple(_others(published, baseline, comparable)),
    )


def _scores(
    data: StudyData, summaries: Sequence[ExperimentSummary], published: Published, comparable: bool
) -> Iterable[BesideScore]:
    levels = {(summary.name, level.level): level for summary in summaries for level in summary.levels}
    for table in sorted(published.paper.tables, key=lambda each: each.number):
        for name, values in table.levels.items():
            level = levels.get((table.experiment, name))
            intervals = _intervals(data, table.experiment, name) if _any(values) and level else {}
            for score, value in values.model_dump().items():
                yield _score(table.number, table.experiment, name, level, score, value, intervals, comparable)


def _score(
    table: int,
    experiment: str,
    name: str,
    level: LevelSummary | None,
    score: str,
    value: float | None,
    intervals: dict[str, Interval],
    comparable: bool,
) -> BesideScore:
    ours = level.mean_over_images[score].mean if level and level.mean_over_images else None
    pixels = level.over_all_pixels.get(score) if level and level.over_all_pixels else None
    interval = intervals.get(score)
    compared = comparable and value is not None and ours is not None
    return BesideScore(
        table=table,
        experiment=experiment,
        level=name,
        label=level.label if level else name,
        score=score,
        published=value,
        ours=ours,
        interval=interval,
        over_all_pixels=pixels.mean if pixels else None,
        difference=ours - value if compared and ours is not None and value is not None else None,
        inside=interval.low <= value <= interval.high
        if compared and interval and value is not None
        else None,
    )


def _intervals(data: StudyData, experiment: str, level: str) -> dict[str, Interval]:
    """Our interval of each score; none where there are too few images to resample."""
    found = [
        data.runs_of(item, each)
        for item in data.plan.study.experiments
        for each in item.levels
        if (item.name, each.name) == (experiment, level)
    ]
    scores = scores_by_image(found[0]) if found else {}
    return {
        name: mean_interval(values) for name, values in scores.items() if values.shape[1] >= FEWEST_IMAGES
    }


def _baseline(data: StudyData, summaries: Sequence[ExperimentSummary]) -> dict[str, Interval]:
    for summary in summaries:
        for level in summary.levels:
            if level.baseline:
                return _intervals(data, summary.name, level.level)
    return {}


def _others(published: Published, baseline: dict[str, Interval], comparable: bool) -> Iterable[BesideOther]:
    for result in published.others.results:
        for score, value in (("iou", result.iou), ("dice", result.dice)):
            ours = baseline.get(score) if comparable else None
            yield BesideOther(
                method=result.method,
                source=result.source,
                score=score,
                published=value,
                difference=ours.mean - value if ours else None,
                inside=ours.low <= value <= ours.high if ours else None,
            )


def _network(data: StudyData, published: Published) -> tuple[BesideCount, ...]:
    model = next((run.model for run in data.runs if run.model), None)
    paper = published.paper.model
    return (
        BesideCount(name="parameters", published=paper.parameters, ours=model.parameters if model else None),
        BesideCount(name="trainable", published=paper.trainable, ours=model.trainable if model else None),
    )


def _any(values: PublishedScores) -> bool:
    return any(value is not None for value in values.model_dump().values())


_ASPECTS = {
    "encoder": "Encoder",
    "encoder_weights": "Its initial weights",
    "input_size": "Input size",
    "epochs": "Most epochs",
    "early_stop_patience": "Patience of early stopping",
    "batch_size": "Batch size",
    "learning_rate": "Learning rate",
}
_UNITS = {"input_size": " px", "early_stop_patience": " epochs"}
_ROLES = {
    "held-out": "held out; validation images from the training set steer",
    "test-steered": "decides when to stop and which epoch to keep",
}


def _protocol(data: StudyData, paper: PaperProtocol, kind: DatasetKind) -> tuple[ProtocolLine, ...]:
    """The images first, then what steers training and how it is scored, then the base configuration."""
    base = train_config(base_values(data.plan.study), "base")
    images = ProtocolLine(
        aspect="Images",
        paper=paper.data,
        ours=described(kind, data.record.image_counts),
        verdict="cannot tell" if kind == "official counts" else "differs",
    )
    role = _line("The test set", _ROLES.get(paper.protocol or ""), _ROLES[base.protocol])
    scores = ProtocolLine(
        aspect="Scores",
        paper=paper.scores,
        ours="mean over images, and over all pixels beside it",
        verdict="same" if paper.scores else "not at hand",
    )
    seeds = _line("Seeds of each configuration", paper.seeds, data.plan.study.seeds)
    return (images, role, scores, seeds, *(_field(name, paper, base) for name in _ASPECTS))


def _field(name: str, paper: PaperProtocol, base: TrainConfig) -> ProtocolLine:
    return _line(_ASPECTS[name], getattr(paper, name), getattr(base, name), _UNITS.get(name, ""))


def _line(aspect: str, paper: Any, ours: Any, unit: str = "") -> ProtocolLine:
    return ProtocolLine(
        aspect=aspect,
        paper=None if paper is None else f"{paper}{unit}",
        ours=f"{ours}{unit}",
        verdict="not at hand" if paper is None else "same" if paper == ours else "differs",
    )
