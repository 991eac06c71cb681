"""What panels look like: thresholds, words for values, columns of tables."""

from dataclasses import dataclass, field
from typing import Any

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import dashboard as model

from charts.dashboards.promql import STATES

Property = model.DynamicConfigValue


def thresholds(*steps: tuple[float | None, str]) -> build.ThresholdsConfig:
    """Colours from a value on; the first begins at None, which is minus infinity."""
    return (
        build.ThresholdsConfig()
        .mode(model.ThresholdsMode.ABSOLUTE)
        .steps([model.Threshold(value=value, color=color) for value, color in steps])
    )


PLAIN = ((None, "text"),)
RATIO = ((None, "red"), (0.5, "orange"), (0.7, "yellow"), (0.85, "green"))
"""Of IoU and Dice, which tell most between a half and one."""
DIFFERENCE = ((None, "red"), (-0.005, "text"), (0.005, "green"))
"""Of IoU less that of the baseline: half a point is within what seeds differ by."""
AGE = ((None, "text"), (300, "yellow"), (900, "red"))
"""Seconds without progress."""


def words(texts: dict[str, tuple[str, str]]) -> model.ValueMap:
    """Values shown as words, and their colours."""
    return model.ValueMap(
        options={
            value: model.ValueMappingResult(text=text, color=color, index=place)
            for place, (value, (text, color)) in enumerate(texts.items())
        }
    )


STATE_WORDS = words({state: (state, color) for state, color in STATES.items()})


def fixed(color: str) -> Property:
    """One colour, whatever the value."""
    return Property("color", {"mode": "fixed", "fixedColor": color})


DASHED = Property("custom.lineStyle", {"fill": "dash", "dash": [8, 8]})


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    source: str
    """Label, or `Value #REF` of the query REF."""
    name: str
    unit: str = "none"
    decimals: int | None = None
    width: int | None = None
    colors: tuple[tuple[float | None, str], ...] = ()
    """Thresholds that colour the text."""
    more: tuple[Property, ...] = field(default=())

    def properties(self) -> list[Property]:
        """How Grafana shows it."""
        found = [Property("unit", self.unit)]
        if self.decimals is not None:
            found.append(Property("decimals", self.decimals))
        if self.width is not None:
            found.append(Property("custom.width", self.width))
        if self.colors:
            steps = [{"value": value, "color": color} for value, color in self.colors]
            found.append(Property("thresholds", {"mode": "absolute", "steps": steps}))
            found.append(Property("custom.cellOptions", {"type": "color-text"}))
        return [*found, *self.more]


def state_column(width: int = 90) -> Column:
    """The state of a run, in its colour."""
    mapping: dict[str, Any] = STATE_WORDS.to_json()
    cell = Property("custom.cellOptions", {"type": "color-text"})
    return Column("state", "state", "string", width=width, more=(Property("mappings", [mapping]), cell))


def link(title: str, url: str) -> Property:
    """A link of a cell; `${__data.fields.NAME}` in it is another column of the row."""
    return Property("links", [{"title": title, "url": url, "targetBlank": False}])
