"""A dashboard as Grafana reads it: its variables, its panels with repeats unrolled, and their answers.

Only what kvjob's own dashboards use is known here.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scripts.observe.api import PrometheusApi, Series

GRID = 24
ALL = "$__all"
Json = dict[str, Any]
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")


@dataclass(frozen=True)
class Variable:
    """A variable and what is chosen of it."""

    values: tuple[str, ...]
    """All of them, if all are chosen."""
    all_value: str = ""
    """What stands in queries for all of them; empty if not all are chosen."""
    text: str = ""
    """What a person reads, where that is not the value."""

    @property
    def pattern(self) -> str:
        """What stands in a query."""
        if self.all_value:
            return self.all_value
        escaped = [re.sub(r"([\\^$*+?.()|\[\]{}])", r"\\\\\1", value) for value in self.values]
        return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"

    @property
    def words(self) -> str:
        """What stands in a title."""
        return "All" if self.all_value else self.text or " + ".join(self.values)


@dataclass(frozen=True)
class Place:
    """Where a panel is on the grid, in its columns and rows."""

    x: int
    y: int
    w: int
    h: int


@dataclass(frozen=True)
class Panel:
    """A panel as it is seen: repeats are panels of their own."""

    definition: Json
    place: Place
    variables: Mapping[str, Variable]

    @property
    def kind(self) -> str:
        """`stat`, `timeseries`, `table`, `bargauge`, or `row`."""
        return str(self.definition["type"])

    @property
    def title(self) -> str:
        """With its variables filled in."""
        return _VARIABLE.sub(
            lambda found: self.variables[found[1]].words if found[1] in self.variables else found[0],
            str(self.definition.get("title", "")),
        )


@dataclass(frozen=True)
class Query:
    """A query of a panel, ready to be asked."""

    ref: str
    expression: str
    instant: bool
    legend: str


def load(path: Path) -> Json:
    """A dashboard from its file."""
    loaded: Json = json.loads(path.read_text(encoding="utf-8"))
    return loaded


class Viewer:
    """Somebody who looks at dashboards over a time range.

    Args:
        api: where data comes from.
        begin: of the range, Unix time.
        end: of the range, Unix time.
        scrape: seconds between scrapes, as the data source is told.
    """

    def __init__(self, api: PrometheusApi, begin: float, end: float, scrape: float = 15) -> None:
        self._api, self._begin, self._end, self._scrape = api, begin, end, scrape
        self.step = max(scrape, float(round((end - begin) / 240)))

    def variables(self, dashboard: Json, chosen: Mapping[str, str]) -> dict[str, Variable]:
        """What is chosen of each variable: what `chosen` says, else all, or the first."""
        found: dict[str, Variable] = {}
        for each in dashboard["templating"]["list"]:
            if each["type"] != "query":
                continue
            options = self.options(each, found)
            name = each["name"]
            if name not in chosen and each.get("includeAll"):
                found[name] = Variable(tuple(options), each["allValue"])
                continue
            value = chosen.get(name, next(iter(options), ""))
            found[name] = Variable((value,), text=options.get(value, value))
        return found

    def options(self, variable: Json, known: Mapping[str, Variable]) -> dict[str, str]:
        """Every value that a variable offers, and what a person reads."""
        query = self.filled(variable["query"]["query"], known)
        values = re.fullmatch(r"label_values\((?:(.*), )?(\w+)\)", query)
        if values:
            found = self._api.label_values(values[2], values[1], self._begin, self._end)
            return {value: value for value in sorted(found, key=_natural)}
        result = re.fullmatch(r"query_result\((.*)\)", query, re.DOTALL)
        if result is None:
            raise ValueError(f"variable {variable['name']}: {query}")
        groups = re.fullmatch(r'/(\w+)="\(\?<text>.*\|(\w+)="\(\?<value>.*', variable["regex"])
        if groups is None:
            raise ValueError(f"variable {variable['name']}: {variable['regex']}")
        text, value = groups[1], groups[2]
        series = self._api.instant(result[1], self._end)
        return {
            each.labels[value]: each.labels[text] for each in sorted(series, key=lambda one: one.labels[text])
        }

    def filled(self, text: str, variables: Mapping[str, Variable]) -> str:
        """A query with its variables filled in."""
        own = {
            "__range": f"{round(self._end - self._begin)}s",
            "__interval": f"{round(self.step)}s",
            "__rate_interval": f"{round(max(self.step + self._scrape, 4 * self._scrape))}s",
        }

        def value(found: "re.Match[str]") -> str:
            name = found[1]
            return own[name] if name in own else variables[name].pattern

        return _VARIABLE.sub(value, text)

    def panels(self, dashboard: Json, variables: Mapping[str, Variable]) -> Iterator[Panel]:
        """Every panel from top to bottom; what stands below repeats moves down."""
        shift = 0
        for definition in dashboard["panels"]:
            grid = definition["gridPos"]
            place = Place(grid["x"], grid["y"] + shift, grid["w"], grid["h"])
            repeat = definition.get("repeat")
            if not repeat:
                yield Panel(definition, place, variables)
                continue
            values = variables[repeat].values
            across = max(1, min(int(definition.get("maxPerRow", 4)), len(values)))
            wide = GRID // across
            for number, value in enumerate(values):
                down, right = divmod(number, across)
                at = replace(place, x=right * wide, y=place.y + down * place.h, w=wide)
                yield Panel(definition, at, {**variables, repeat: Variable((value,))})
            shift += (max(1, -(-len(values) // across)) - 1) * place.h

    def queries(self, panel: Panel) -> list[Query]:
        """The queries of a panel."""
        return [
            Query(
                target["refId"],
                self.filled(target["expr"], panel.variables),
                bool(target.get("instant")),
                target.get("legendFormat", ""),
            )
            for target in panel.definition.get("targets", [])
        ]

    def ask(self, query: Query) -> list[Series]:
        """What Prometheus answers."""
        if query.instant:
            return self._api.instant(query.expression, self._end)
        begin = self._begin - self._begin % self.step
        return self._api.range(query.expression, begin, self._end, self.step)


def name(query: Query, series: Series) -> str:
    """What a series is called."""
    return re.sub(r"\{\{(\w+)\}\}", lambda found: series.labels.get(found[1], ""), query.legend)


def _natural(text: str) -> list[Any]:
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", text)]
