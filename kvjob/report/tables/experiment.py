"""Tables II and following: one experiment each, a row per level, the paper's row under it."""

from kvjob.report.cost import MINUTES_PER_HOUR, brief
from kvjob.report.measure import POINTS
from kvjob.report.summary import ExperimentSummary, LevelSummary
from kvjob.report.tables.table import Column, Part, Row, Share, Table, Value, roman
from kvjob.study.scores import SCORES

TITLES = {
    "loss": "Loss",
    "accuracy": "Accuracy",
    "iou": "IoU",
    "dice": "Dice",
    "precision": "Precision",
    "recall": "Recall",
}
_MEAN = tuple(Column(name, title) for name, title in TITLES.items())
_PIXELS = tuple(Column(f"{name}_all_pixels", title) for name, title in TITLES.items() if name in SCORES)
_SEEDS = Column("seeds", "Seeds")
_VERDICT = Column("verdict", "Against baseline", numeric=False)
_COMPARED = (
    Column("iou_difference", "Δ IoU [95 %]", digits=2),
    Column("dice_difference", "Δ Dice [95 %]", digits=2),
    Column("p", "p, corrected"),
    Column("detectable", "Detectable Δ IoU", digits=2, scale=POINTS),
    _VERDICT,
)
_PARAMETERS = Column("parameters", "Parameters")
_TRAINED = (
    Column("epochs", "Epochs", digits=1),
    Column("epochs_to_95", "to 95 %", digits=1),
    Column("stability_points", "Last five (points)", digits=2),
    Column("images_per_second", "Images/s", digits=1),
)
_PARETO = Column("pareto", "Pareto front", numeric=False)
_AXES = {"hours_per_run": "hours", "parameters": "parameters", "images_per_second": "images/s"}


def experiment_table(summary: ExperimentSummary, *, same_images: bool = True) -> Table:
    """The table of one experiment, in five parts.

    Args:
        summary: the experiment.
        same_images: whether the paper's values may be of the same images; if not, their rows say so.
    """
    published = "as published" if same_images else "published, of other images"
    measured = tuple(_measured(level) for level in summary.levels)
    with_published = tuple(
        row for level in summary.levels for row in (_measured(level), *_published(level, published))
    )
    return Table(
        name=f"table-{summary.table:02}-{summary.name}",
        label=f"Table {roman(summary.table)}",
        title=summary.title,
        head="Level",
        parts=(
            Part(
                "Test set, mean over images of each image's score (mean ± standard deviation over seeds).",
                (_SEEDS, *_MEAN, _VERDICT),
                with_published,
            ),
            Part(
                _compared_caption(summary),
                _COMPARED,
                tuple(row for row in measured if "baseline" not in row.marks),
            ),
            Part("Test set, scores over all pixels of all images taken together.", _PIXELS, measured),
            Part(
                "How it trained: epochs, the first at 95 % of the best validation IoU; standard deviation of "
                "validation IoU over the last five; training speed; time without what was wasted.",
                _trained_columns(summary),
                measured,
            ),
            Part(
                "What it took, how it ended, and against what test IoU is on the study's Pareto front.",
                _cost_columns(summary),
                measured,
            ),
        ),
        notes=tuple(f"{level.label}: {note}" for level in summary.levels for note in level.notes),
    )


def _compared_caption(summary: ExperimentSummary) -> str:
    family = {level.difference.comparisons for level in summary.levels if level.difference}
    corrected = (
        f"; p corrected for the study's {max(family)} comparisons" if max(family, default=0) > 1 else ""
    )
    return (
        "Difference from the baseline over the same test images, in points (hundredths), and the smallest "
        f"that such a study could tell{corrected}."
    )


def standing(level: LevelSummary) -> str:
    """How the level's runs stand, in words."""
    if len(level.standings) == 1:
        return next(iter(level.standings))
    return ", ".join(f"{count} {name}" for name, count in sorted(level.standings.items()))


def _measured(level: LevelSummary) -> Row:
    cells: dict[str, Value] = {
        "seeds": Share(level.standings.get("finished", 0), level.seeds),
        **{name: (level.mean_over_images or {}).get(name) for name in TITLES},
        "iou_difference": level.difference,
        "dice_difference": level.dice_difference,
        "p": level.difference.adjusted_p if level.difference else None,
        "detectable": level.difference.detectable if level.difference else None,
        "verdict": level.verdict,
        **{f"{name}_all_pixels": (level.over_all_pixels or {}).get(name) for name in SCORES},
        "parameters": level.parameters,
        "epochs": level.epochs,
        "epochs_to_95": level.epochs_to_95,
        "stability_points": level.stability,
        "images_per_second": level.images_per_second,
        "hours_per_run": level.hours_per_run,
        "pareto": ", ".join(_AXES[axis] for axis in level.pareto) or None,
        "hours": level.cost.hours if level.cost.attempts else None,
        "wasted_hours": level.cost.wasted_hours if level.cost.attempts else None,
        "attempts": level.cost.attempts,
        "standing": standing(level),
    }
    marks = [
        mark for mark, holds in (("baseline", level.baseline), ("test-steered", level.test_steered)) if holds
    ]
    return Row(level.level, level.label, cells, marks=tuple(marks))


def _published(level: LevelSummary, title: str) -> tuple[Row, ...]:
    if level.published is None:
        return ()
    return (Row(level.level, title, {**level.published.model_dump()}, kind="published"),)


def _trained_columns(summary: ExperimentSummary) -> tuple[Column, ...]:
    sizes = {level.parameters for level in summary.levels} - {None}
    return (
        *((_PARAMETERS,) if len(sizes) > 1 else ()),
        *_TRAINED,
        _time("hours_per_run", f"{_unit(summary)} a run", summary),
    )


def _cost_columns(summary: ExperimentSummary) -> tuple[Column, ...]:
    return (
        _time("hours", _unit(summary), summary),
        _time("wasted_hours", "of them wasted", summary),
        Column("attempts", "Attempts"),
        _PARETO,
        Column("standing", "State", numeric=False),
    )


def _time(key: str, title: str, summary: ExperimentSummary) -> Column:
    if not _brief(summary):
        return Column(key, title)
    return Column(key, title, digits=1, scale=MINUTES_PER_HOUR)


def _brief(summary: ExperimentSummary) -> bool:
    return brief(level.cost.hours for level in summary.levels if level.cost.attempts)


def _unit(summary: ExperimentSummary) -> str:
    units = {level.cost.unit for level in summary.levels if level.cost.attempts}
    unit = units.pop() if len(units) == 1 else "device-hours"
    unit = unit.replace("hours", "minutes") if _brief(summary) else unit
    return unit[0].upper() + unit[1:]
