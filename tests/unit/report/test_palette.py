"""Levels are told apart by every kind of colour vision, on a light page, on a dark one, and in grey."""

from itertools import combinations

import numpy as np
import pytest
from colorspacious import cspace_convert, deltaE

from kvjob.report.figures.overlay import MISSED, RIGHT, TOO_MUCH
from kvjob.report.figures.style import (
    _DASHES,
    _MARKERS,
    _NOMINAL,
    _ORDERED,
    BETTER,
    CHARCOAL,
    DARK,
    INK,
    MUTED,
    WORSE,
)

LIGHT_PAGE, DARK_PAGE = "#fdfdfc", "#14171b"
VISIONS = ("all colours", "deuteranomaly", "protanomaly", "tritanomaly", "grey")


def rgb(colour: str) -> np.ndarray:
    return np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])


def seen(colour: str, vision: str) -> np.ndarray:
    """A colour as it is seen: anomalies in full (Machado et al. 2009), grey by lightness (CIECAM02)."""
    if vision == "grey":
        lightness = cspace_convert(rgb(colour), "sRGB1", "JCh")[0]
        return np.clip(cspace_convert([lightness, 0, 0], "JCh", "sRGB1"), 0, 1)
    if vision == VISIONS[0]:
        return rgb(colour)
    space = {"name": "sRGB1+CVD", "cvd_type": vision, "severity": 100}
    return np.clip(cspace_convert(rgb(colour), space, "sRGB1"), 0, 1)


def nearest(colours, vision: str) -> float:
    """The smallest distance between two of the colours in CAM02-UCS; about 1 can just be noticed."""
    pairs = combinations([seen(colour, vision) for colour in colours], 2)
    return min(float(deltaE(one, other, input_space="sRGB1")) for one, other in pairs)


def themed(colours, page: str) -> list[str]:
    return [DARK[colour] if page == DARK_PAGE else colour for colour in colours]


def contrast(one: str, other: str) -> float:
    """Of two colours' luminances, by WCAG 2."""

    def luminance(colour: str) -> float:
        linear = np.where(rgb(colour) <= 0.04045, rgb(colour) / 12.92, ((rgb(colour) + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


pages = pytest.mark.parametrize("page", [LIGHT_PAGE, DARK_PAGE])


@pages
@pytest.mark.parametrize("vision", VISIONS)
def test_the_baseline_and_four_levels_in_one_panel_are_far_apart(page: str, vision: str):
    """Five lines are the most that share a panel; in grey their dashes help."""
    distance = nearest(themed((CHARCOAL, *_NOMINAL[:4]), page), vision)
    assert distance >= (6.5 if vision == "grey" else 14)


@pages
@pytest.mark.parametrize("vision", VISIONS[:-1])
def test_all_colours_of_names_are_told_apart(page: str, vision: str):
    assert nearest(themed((CHARCOAL, *_NOMINAL), page), vision) >= 7.5


@pages
@pytest.mark.parametrize("vision", VISIONS)
def test_a_ramp_of_few_steps_is_told_apart_and_one_of_many_keeps_its_order(page: str, vision: str):
    ramp = themed(_ORDERED, page)
    assert nearest(ramp[::3], vision) >= 14
    assert nearest(ramp, vision) >= 4
    lightness = [cspace_convert(seen(colour, vision), "sRGB1", "JCh")[0] for colour in ramp]
    assert (np.diff(lightness) > 3).all()


@pages
def test_every_colour_shows_on_its_page(page: str):
    """Three to one for what is drawn, four and a half for what is read (WCAG 2)."""
    drawn = themed((CHARCOAL, *_NOMINAL, *_ORDERED, BETTER, WORSE), page)
    assert min(contrast(colour, page) for colour in drawn) >= 2.95
    assert min(contrast(colour, page) for colour in themed((INK, MUTED), page)) >= 4.5


@pytest.mark.parametrize("vision", VISIONS)
def test_right_too_much_and_missed_are_told_apart(vision: str):
    assert nearest((RIGHT, TOO_MUCH, MISSED), vision) >= 17


def test_dashes_and_markers_tell_apart_what_shares_a_panel_without_any_colour():
    assert len(set(_DASHES)) >= 4
    assert len(set(_MARKERS)) >= 4
