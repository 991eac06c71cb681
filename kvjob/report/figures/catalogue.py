"""Which figures a study has: the paper's under the paper's numbers, all others from 14 on."""

from contextlib import suppress
from dataclasses import dataclass
from itertools import count

from matplotlib.figure import Figure

from kvjob.errors import DataError
from kvjob.report.figures import words
from kvjob.report.figures.augmentations import draw_augmentations
from kvjob.report.figures.bars import draw_bars
from kvjob.report.figures.cases import gallery, shown_config
from kvjob.report.figures.curves import (
    MOST_LINES,
    TITLES,
    draw_multiples,
    draw_narrow_pair,
    draw_pair,
    draw_panels,
)
from kvjob.report.figures.drawing import Drawing
from kvjob.report.figures.fonts import small_fonts
from kvjob.report.figures.overview import draw_overview
from kvjob.report.figures.pareto import draw_pareto
from kvjob.report.figures.predictions import draw_augmented, draw_predictions
from kvjob.report.figures.qualitative import draw_disputed, draw_extremes
from kvjob.report.figures.style import looks, style
from kvjob.report.read import StudyData
from kvjob.report.summary import ExperimentSummary
from kvjob.study import Experiment

OVERVIEW = "figure-00-overview"
PARETO = "figure-00-pareto"
_MOST_BARS = 10
"""Levels in three panels of bars below each other."""

_PAPER = {
    ("augmentation", "augmentations"): 1,
    ("resolution", "loss"): 2,
    ("resolution", "accuracy"): 3,
    ("resolution", "iou"): 4,
    ("resolution", "dice"): 5,
    ("resolution", "precision"): 6,
    ("resolution", "recall"): 7,
    ("resolution", "predictions"): 8,
    ("augmentation", "bars"): 9,
    ("augmentation", "augmented"): 10,
    ("augmentation", "iou"): 11,
    ("optimizer", "iou"): 12,
    ("activation", "iou"): 13,
}
"""The paper's number of each of its figures, by experiment and kind."""

_KINDS = {
    "resolution": (*TITLES, "predictions", "bars"),
    "augmentation": ("augmentations", "bars", "augmented", "iou"),
    "optimizer": ("iou", "bars", "predictions"),
    "activation": ("iou", "bars", "predictions"),
}
_KINDS_OF_OTHERS = ("panels", "bars", "predictions")
_KINDS_OF_ALL = ("extremes", "disputed")
"""Numbered after all of the others."""


@dataclass(frozen=True, slots=True)
class PlannedFigure:
    """A figure that is to be drawn, in the order of the page."""

    experiment: Experiment
    summary: ExperimentSummary
    kind: str
    number: int

    @property
    def label(self) -> str:
        """`Figure 9`."""
        return f"Figure {self.number}"

    @property
    def of_predictions(self) -> bool:
        """Whether it shows predictions for all test images."""
        return self.kind in _KINDS_OF_ALL

    @property
    def name(self) -> str:
        """Stem of its files."""
        by = "" if self.kind.startswith("augment") else f"-by-{self.experiment.name}"
        return f"figure-{self.number:02}-{self.kind}{by}".replace("_", "-")


def plan_figures(data: StudyData, summaries: tuple[ExperimentSummary, ...]) -> list[PlannedFigure]:
    """All figures of a study; those for which nothing is there yet draw as None."""
    planned: list[PlannedFigure] = []
    further = count(14)
    both = list(zip(data.plan.study.experiments, summaries, strict=True))
    for experiment, summary in both:
        for kind in _KINDS.get(experiment.name, _KINDS_OF_OTHERS):
            if kind in ("augmentations", "augmented") and not _augments(experiment):
                continue
            number = _PAPER.get((experiment.name, kind)) or next(further)
            planned.append(PlannedFigure(experiment, summary, kind, number))
    planned += [
        PlannedFigure(experiment, summary, kind, next(further))
        for experiment, summary in both
        for kind in _KINDS_OF_ALL
    ]
    return planned


def prepare(data: StudyData, planned: list[PlannedFigure]) -> None:
    """Make what figures share, before they are drawn in processes of their own: fonts, packs."""
    small_fonts()
    for figure in planned:
        with suppress(DataError):  # said where it is drawn
            if figure.of_predictions:
                data.packs.of(shown_config(data, figure.experiment))
            elif figure.kind == "augmentations":
                data.packs.of(data.plan.runs[0].config)


def draw(data: StudyData, planned: PlannedFigure) -> Drawing | None:
    """Draw one figure; None while no run has left what it shows."""
    with style():
        drawn = _draw(data, planned)
        if drawn is None:
            return None
        figure, caption, alt = drawn
        return Drawing(planned.name, planned.label, caption, alt, figure, _column(data, planned))


def overview(summaries: tuple[ExperimentSummary, ...]) -> Drawing | None:
    """The differences of all experiments in one figure."""
    with style():
        figure, column = draw_overview(summaries), draw_overview(summaries, column=True)
    if figure is None:
        return None
    caption = (
        "Every level against the baseline: difference in test IoU (mean over images) in points, with its "
        "95 % interval. Coloured where the level is better or worse, corrected for the number of levels; "
        "grey where the test set cannot tell."
    )
    return Drawing(OVERVIEW, "Overview", caption, words.overview_alt(summaries), figure, column)


def pareto(summaries: tuple[ExperimentSummary, ...]) -> Drawing | None:
    """What accuracy costs, over all experiments; None while there are no two levels to compare."""
    with style():
        figure, column = draw_pareto(summaries), draw_pareto(summaries, column=True)
    if figure is None:
        return None
    caption, alt = words.pareto_caption(summaries), words.pareto_alt(summaries)
    return Drawing(PARETO, "Accuracy and cost", caption, alt, figure, column)


def _draw(data: StudyData, planned: PlannedFigure) -> tuple[Figure, str, str] | None:
    experiment, summary, kind = planned.experiment, planned.summary, planned.kind
    by = f"by {summary.title[:1].lower()}{summary.title[1:]}"
    if kind in TITLES or kind == "panels":
        return _draw_curves(data, experiment, kind, by)
    if kind == "bars":
        if not any(level.mean_over_images for level in summary.levels):
            return None
        return (
            draw_bars(summary, looks(data, experiment)),
            words.bars_caption(summary, by),
            words.bars_alt(summary),
        )
    names = ", ".join(level.label for level in summary.levels)
    match kind:
        case "augmentations":
            figure = draw_augmentations(data, experiment)
            caption = "The augmentations, each applied for certain to two training images and their masks."
            alt = f"Grid of two images and their masks under each augmentation: {names}."
        case "augmented":
            figure = draw_augmented(data, experiment)
            caption = words.predictions_caption(data, experiment, "Predictions on an augmented test image.")
            alt = f"Grid of augmented image, mask, prediction and overlay, one row per augmentation: {names}."
        case "extremes":
            shown = gallery(data, experiment)
            figure = draw_extremes(shown)
            caption, alt = words.extremes_caption(shown), words.extremes_alt(shown)
        case "disputed":
            shown = gallery(data, experiment)
            figure = draw_disputed(shown)
            caption, alt = words.disputed_caption(shown), words.disputed_alt(shown)
        case _:
            figure = draw_predictions(data, experiment)
            caption = words.predictions_caption(
                data, experiment, f"Predictions on the same test images {by}."
            )
            alt = words.predictions_alt(data, experiment) if figure else ""
    return (figure, caption, alt) if figure else None


def _column(data: StudyData, planned: PlannedFigure) -> Figure | None:
    """What was drawn in the width of one column of a paper; None for pictures and what would be too high."""
    experiment, kind = planned.experiment, planned.kind
    if kind == "bars" and len(experiment.levels) <= _MOST_BARS:
        return draw_bars(planned.summary, looks(data, experiment), column=True)
    if len(experiment.levels) > MOST_LINES:
        return None
    if kind == "panels":
        return draw_panels(data, experiment, column=True)
    return draw_narrow_pair(data, experiment, kind) if kind in TITLES else None


def _draw_curves(
    data: StudyData, experiment: Experiment, kind: str, by: str
) -> tuple[Figure, str, str] | None:
    levels = experiment.levels
    if not any(len(run.course) for level in levels for run in data.runs_of(experiment, level)):
        return None
    if len(experiment.levels) > MOST_LINES:
        measure = "iou" if kind == "panels" else kind
        figure, what = draw_multiples(data, experiment, measure), f"Validation {TITLES[measure]}"
        if kind == "loss":
            what = "Validation loss"
    elif kind == "panels":
        figure, what, measure = draw_panels(data, experiment), "Validation loss and scores", "iou"
    else:
        figure, what, measure = draw_pair(data, experiment, kind), TITLES[kind], kind
    caption = words.curve_caption(data, experiment, f"{what} {by}")
    return figure, caption, words.curve_alt(data, experiment, measure)


def _augments(experiment: Experiment) -> bool:
    return all("augmentation" in level.changes for level in experiment.levels)
