"""The report's figures: drawn with matplotlib's objects, no window system, no global state."""

from kvjob.report.figures.catalogue import (
    OVERVIEW,
    PARETO,
    PlannedFigure,
    draw,
    overview,
    pareto,
    plan_figures,
    prepare,
)
from kvjob.report.figures.drawing import Drawing
from kvjob.report.figures.inline import TILES, Tiles, inline, variable
from kvjob.report.figures.style import DARK, PAPER

__all__ = [
    "DARK",
    "OVERVIEW",
    "PAPER",
    "PARETO",
    "TILES",
    "Drawing",
    "PlannedFigure",
    "Tiles",
    "draw",
    "inline",
    "overview",
    "pareto",
    "plan_figures",
    "prepare",
    "variable",
]
