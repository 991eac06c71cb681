"""How one field of a panel is to be shown: the panel's defaults with the overrides that match it."""

import math
import re
from dataclasses import dataclass, field
from typing import Any

from scripts.observe.grafana import Json

PALETTE = (
    *("#73BF69", "#F2CC0C", "#8AB8FF", "#FF780A", "#F2495C", "#5794F2", "#B877D9", "#705DA0"),
    *("#37872D", "#FADE2A", "#447EBC", "#C15C17", "#890F02", "#0A437C", "#6D1F62"),
)
COLORS = {
    "text": "#CCCCDC",
    "green": "#73BF69",
    "yellow": "#FADE2A",
    "orange": "#FF9830",
    "red": "#F2495C",
    "blue": "#5794F2",
    "purple": "#B877D9",
}


@dataclass
class Field:
    """What decides how a value looks."""

    unit: str = "none"
    decimals: int | None = None
    color: str = ""
    """A colour of its own; empty if thresholds or the palette decide."""
    steps: list[Json] = field(default_factory=list)
    words: dict[str, Json] = field(default_factory=dict)
    custom: Json = field(default_factory=dict)
    least: float | None = None
    most: float | None = None
    link: bool = False

    def text(self, value: float | str) -> str:
        """The value in its unit, or as the word that stands for it."""
        if isinstance(value, str):
            return str(self.words.get(value, {}).get("text", value))
        word = self.words.get(f"{value:g}")
        return str(word["text"]) if word else in_unit(value, self.unit, self.decimals)

    def color_of(self, value: float | str) -> str:
        """The colour of a value."""
        word = self.words.get(value if isinstance(value, str) else f"{value:g}")
        if word and word.get("color"):
            return COLORS[word["color"]]
        if self.color:
            return COLORS[self.color]
        if isinstance(value, str):
            return COLORS["text"]
        passed = [step for step in self.steps if step["value"] is None or value >= step["value"]]
        return COLORS[passed[-1]["color"]] if passed else COLORS["text"]


def field_of(panel: Json, name: str, ref: str = "") -> Field:
    """The field of that display name, from the query of that reference."""
    config = panel["fieldConfig"]
    found = Field()
    for key, value in config["defaults"].items():
        _set(found, key, value)
    for override in config.get("overrides", []):
        matcher = override["matcher"]
        if matcher in ({"id": "byName", "options": name}, {"id": "byFrameRefID", "options": ref}):
            for each in override["properties"]:
                _set(found, each["id"], each.get("value"))
    return found


def _set(found: Field, key: str, value: Any) -> None:
    match key:
        case "unit" | "decimals":
            setattr(found, key, value)
        case "min":
            found.least = value
        case "max":
            found.most = value
        case "thresholds":
            found.steps = value["steps"]
        case "color":
            found.color = value.get("fixedColor", "") if value["mode"] == "fixed" else ""
        case "mappings":
            found.words = {text: word for each in value for text, word in each["options"].items()}
        case "links":
            found.link = True
        case "custom":
            found.custom.update(value)
        case _ if key.startswith("custom."):
            found.custom[key.removeprefix("custom.")] = value


def in_unit(value: float, unit: str, decimals: int | None) -> str:
    """A value as Grafana writes it."""
    if math.isnan(value):
        return "NaN"
    match unit:
        case "percentunit":
            return f"{_plain(value * 100, 1 if decimals is None else decimals)}%"
        case "s":
            return _scaled(
                value, decimals, ((86400, "days"), (3600, "hours"), (60, "mins"), (1, "s"), (1e-3, "ms"))
            )
        case "h":
            names = ((24, "days"), (1, "hours"), (1 / 60, "mins"), (1 / 3600, "s"))
            return _scaled(value, decimals, names)
        case "bytes":
            return _scaled(
                value, decimals, ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "B"))
            )
        case "ops":
            return f"{_plain(value, 2 if decimals is None else decimals)} ops/s"
        case "sci":
            return re.sub(r"e([+-])0*(\d)", r"e\1\2", f"{value:.1e}") if value else "0"
        case "short":
            return _scaled(value, decimals, ((1e6, "Mil"), (1e3, "K"), (1, "")))
        case _:
            return _plain(value, decimals)


def _scaled(value: float, decimals: int | None, names: tuple[tuple[float, str], ...]) -> str:
    size = abs(value)
    scale, name = next(((scale, name) for scale, name in names if size >= scale), names[-1])
    if value == 0:
        scale, name = 1, next(name for scale, name in names if scale == 1)
    places = decimals if decimals is not None else (0 if size / scale >= 100 else 1)
    return f"{_plain(value / scale, places)} {name}".strip()


def _plain(value: float, decimals: int | None) -> str:
    if decimals is None:
        decimals = 0 if abs(value) >= 100 or value == int(value) else 2
    return f"{value:.{int(decimals)}f}"
