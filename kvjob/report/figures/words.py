"""What stands under a figure, and what it says to those who cannot see it."""

from kvjob.report.figures.cases import Gallery, disputed, typical
from kvjob.report.figures.curves import MOST_LINES, MOST_PANELS, TITLES, Line, curve_lines
from kvjob.report.figures.pareto import axis_name, places, undrawn
from kvjob.report.figures.predictions import shown_run
from kvjob.report.measure import POINTS
from kvjob.report.pareto import AXES
from kvjob.report.read import StudyData
from kvjob.report.summary import ExperimentSummary, LevelSummary
from kvjob.report.tables import signed, standing
from kvjob.study import Experiment


def curve_caption(data: StudyData, experiment: Experiment, title: str) -> str:
    """How to read the lines, naming only what is drawn."""
    lines = curve_lines(data, experiment, "iou", "validation")
    parts = [f"{title} over epochs; scores are means over images."]
    if len(experiment.levels) > MOST_LINES:
        parts.append("Each panel has one level, and the others in grey.")
    if len(experiment.levels) > MOST_PANELS:
        parts.append(f"The first {MOST_PANELS} of {len(experiment.levels)} levels.")
    seeds = max(len(line.values) for line in lines)
    if seeds > 1:
        parts.append(f"Line: mean over {seeds} seeds; band: all of them, from lowest to highest.")
    if any(line.complete < line.values.shape[1] for line in lines):
        parts.append("Thin line: the mean of the seeds still training.")
    if any(line.others for line in lines):
        parts.append("Thin short line: a seed that did not finish.")
    if any(line.best for line in lines):
        parts.append("Mark: best epoch, whose weights are scored.")
    if any(line.diverged for line in lines):
        parts.append("Cross: the loss stopped being finite.")
    return " ".join(parts)


def curve_alt(data: StudyData, experiment: Experiment, measure: str) -> str:
    """Where each line ends up."""
    lines = curve_lines(data, experiment, measure, "validation")
    return f"Line chart of validation {TITLES[measure]} over epochs. {'; '.join(map(_course, lines))}."


def bars_caption(summary: ExperimentSummary, by: str) -> str:
    """What the bars and, where there are several seeds, the whiskers are."""
    spread = any(level.mean_over_images and level.mean_over_images["iou"].std for level in summary.levels)
    whiskers = " Whiskers: one standard deviation over seeds." if spread else ""
    return f"Test scores {by}, mean over images.{whiskers}"


def bars_alt(summary: ExperimentSummary) -> str:
    """The IoU of each bar."""
    levels = (f"{level.label} {_iou(level)}" for level in summary.levels)
    return f"Bar chart of test scores by level. IoU: {'; '.join(levels)}."


def predictions_caption(data: StudyData, experiment: Experiment, what: str) -> str:
    """Which run's predictions are shown."""
    seeds = {run.seed for level in experiment.levels if (run := shown_run(data, experiment, level))}
    several = len({run.seed for run in data.runs}) > 1
    plural = "s" if len(seeds) > 1 else ""
    chosen = f" Seed{plural} {', '.join(map(str, sorted(seeds)))}." if several and seeds else ""
    return f"{what}{chosen} A pixel is predicted to be instrument where its probability is at least 0.5."


def predictions_alt(data: StudyData, experiment: Experiment) -> str:
    """What the rows and columns are."""
    run = next(run for level in experiment.levels if (run := shown_run(data, experiment, level)))
    names = ", ".join(level.label for level in experiment.levels)
    return (
        f"Grid of pictures: one row for each of {len(run.samples)} test images; columns are the image, "
        f"its mask, and the prediction of each level laid over the image: {names}."
    )


def extremes_caption(gallery: Gallery) -> str:
    """By what rule the images were chosen."""
    return (
        "The test image of each level with the highest, the median and the lowest IoU, by the seed named. "
        "Images of equal IoU are taken by name; of two in the middle, the lower is the median."
        f"{_cut(gallery)}"
    )


def extremes_alt(gallery: Gallery) -> str:
    """Which images they are, and how well each was done."""
    levels = (
        f"{shown.look.label}: " + ", ".join(f"{name} {shown.iou[name]:.2f}" for name in typical(shown))
        for shown in gallery.levels
    )
    return (
        "Grid of pictures: for every level three test images with mask, prediction and overlay. "
        f"IoU of best, median and worst: {'; '.join(levels)}."
    )


def disputed_caption(gallery: Gallery) -> str:
    """By what rule the images were chosen, and which seeds are shown."""
    seeds = sorted({shown.run.seed for shown in gallery.levels})
    return (
        "The test images on which the levels differ most: highest minus lowest IoU of the levels shown, "
        f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}.{_cut(gallery)}"
    )


def disputed_alt(gallery: Gallery) -> str:
    """The IoU of every level on every image."""
    levels = gallery.levels
    images = (
        f"{name}: " + ", ".join(f"{shown.look.label} {shown.iou[name]:.2f}" for shown in levels)
        for name in (disputed(levels) if levels else ())
    )
    return (
        "Grid of pictures: one row for each image; columns are the image, its mask, and the prediction of "
        f"each level laid over the image. IoU: {'; '.join(images)}."
    )


def _cut(gallery: Gallery) -> str:
    """What is left out of a figure for which there are too many levels."""
    if not gallery.left_out:
        return ""
    others = len(gallery.levels) - 1
    return f" Shown are the baseline and the {others} levels whose mean IoU is farthest from it."


def overview_alt(summaries: tuple[ExperimentSummary, ...]) -> str:
    """Every difference with its verdict."""
    differences = [
        f"{summary.title}, {level.label}: {signed(POINTS * level.difference.mean, 2)} points, {level.verdict}"
        for summary in summaries
        for level in summary.levels
        if level.difference
    ]
    return f"Dot chart of differences in IoU from the baseline with 95 % intervals. {'; '.join(differences)}."


_HOW_TO_READ_PARETO = (
    "Test IoU (mean over images and seeds) of every level against what a run takes; better is up and to the "
    "left. Large, named and joined by a line: the Pareto front, levels that no other beats in one without "
    "losing in the other. Small: beaten levels. Square: the baseline. Triangle: a level far below the "
    "others, with its IoU. Neighbours on the front need not be distinguishable."
)


def pareto_caption(summaries: tuple[ExperimentSummary, ...]) -> str:
    """How to read it, and on which axis there is nothing to see."""
    parts = [_HOW_TO_READ_PARETO]
    same = [axis_name(summaries, axis) for axis in undrawn(summaries)]
    if same:
        parts.append(f"The same for all levels, and not drawn: {', '.join(same)}.")
    return " ".join(parts)


def pareto_alt(summaries: tuple[ExperimentSummary, ...]) -> str:
    """The levels on each front."""
    panels = []
    for axis in AXES:
        levels = places(summaries, axis)
        front = sorted((each for each in levels if each.front), key=lambda each: -each.iou)
        named = ", ".join(f"{each.label} (IoU {each.iou:.3f} at {each.value:,.4g})" for each in front)
        drawn = " (the same for all, not drawn)" if axis in undrawn(summaries) else ""
        panels.append(f"On the front against {axis_name(summaries, axis)}{drawn}: {named or 'none yet'}")
    return f"Scatter charts of test IoU against what a run takes. {'; '.join(panels)}."


def _course(line: Line) -> str:
    value = f"{line.mean[-1]:.3f} after {line.values.shape[1]} epochs"
    return f"{line.look.label} {value}{f' ({line.standing})' if line.standing else ''}"


def _iou(level: LevelSummary) -> str:
    return f"{level.mean_over_images['iou'].mean:.3f}" if level.mean_over_images else standing(level)
