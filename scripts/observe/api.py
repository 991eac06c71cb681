"""What Prometheus answers."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

Labels = dict[str, str]


@dataclass(frozen=True)
class Series:
    """A line, or with one point the value of an instant."""

    labels: Labels
    times: tuple[float, ...]
    """Unix times."""
    values: tuple[float, ...]

    @property
    def last(self) -> float:
        """The newest value."""
        return self.values[-1]


class PrometheusApi:
    """One Prometheus, by its address."""

    def __init__(self, address: str) -> None:
        self._address = address.rstrip("/")

    def instant(self, query: str, at: float) -> list[Series]:
        """Values as of a Unix time; ValueError if the query is refused."""
        data = self._get("query", query=query, time=f"{at:.3f}")
        if data["resultType"] == "scalar":
            return [_series({}, [data["result"]])]
        return [_series(each["metric"], [each["value"]]) for each in data["result"]]

    def range(self, query: str, begin: float, end: float, step: float) -> list[Series]:
        """Lines between two Unix times, a point every step seconds; ValueError if the query is refused."""
        data = self._get("query_range", query=query, start=f"{begin:.3f}", end=f"{end:.3f}", step=f"{step:g}")
        return [_series(each["metric"], each["values"]) for each in data["result"]]

    def samples(self, selector: str, at: float, seconds: float) -> list[Series]:
        """Everything that was scraped in the seconds before a Unix time."""
        data = self._get("query", query=f"{selector}[{seconds:.0f}s]", time=f"{at:.3f}")
        return [_series(each["metric"], each["values"]) for each in data["result"]]

    def label_values(self, label: str, selector: str, begin: float, end: float) -> list[str]:
        """Values of a label in the series of a selector between two Unix times."""
        parts = {"match[]": selector, "start": f"{begin:.3f}", "end": f"{end:.3f}"}
        return list(self._get(f"label/{label}/values", **parts))

    def names(self) -> list[str]:
        """Names of all metrics."""
        return list(self._get("label/__name__/values"))

    def _get(self, path: str, **parts: str) -> Any:
        url = f"{self._address}/api/v1/{path}?{urlencode(parts)}"
        try:
            with urlopen(url, timeout=60) as answer:  # noqa: S310  (http, as given by the caller)
                return json.load(answer)["data"]
        except HTTPError as error:
            raise ValueError(f"{json.load(error).get('error', error)}: {parts}") from None


def _series(labels: Labels, points: list[Any]) -> Series:
    return Series(labels, tuple(float(t) for t, _ in points), tuple(float(value) for _, value in points))
