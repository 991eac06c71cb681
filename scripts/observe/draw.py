"""`python -m scripts.observe.draw`: a picture of a dashboard with the data that a Prometheus has.

Grafana is not needed for it, and the picture is not Grafana's: it has the same panels in the same places,
with the same queries, titles, units, colours and legends.
"""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from scripts.observe.api import PrometheusApi
from scripts.observe.drawing.kinds import bargauge, lines_of, stat, timeseries
from scripts.observe.drawing.page import Page
from scripts.observe.drawing.tables import table
from scripts.observe.grafana import Json, Viewer, load


def draw(
    dashboard: Json, viewer: Viewer, chosen: dict[str, str], times: tuple[float, float], out: Path
) -> None:
    """Draw a dashboard.

    Args:
        dashboard: as its file has it.
        viewer: who asks Prometheus.
        chosen: values of variables; what is not named is everything, or the first.
        times: of the range, Unix times.
        out: PNG to write.
    """
    variables = viewer.variables(dashboard, chosen)
    panels = list(viewer.panels(dashboard, variables))
    page = Page(max(panel.place.y + panel.place.h for panel in panels))
    begin, end = (datetime.fromtimestamp(time, UTC) for time in times)
    shown = {name: variable.words for name, variable in variables.items()}
    page.head(dashboard["title"], shown, f"{begin:%Y-%m-%d %H:%M} to {end:%H:%M} UTC")
    for panel in panels:
        box = page.frame(panel)
        if panel.kind == "row":
            continue
        answers = [(query, viewer.ask(query)) for query in viewer.queries(panel)]
        match panel.kind:
            case "stat":
                stat(page, panel, lines_of(panel, answers), box)
            case "bargauge":
                bargauge(page, panel, lines_of(panel, answers), box)
            case "timeseries":
                timeseries(page, panel, lines_of(panel, answers), box, times)
            case "table":
                table(page, panel, answers, box)
    page.save(out)


def main() -> None:
    """Read the command line and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dashboard", type=Path, help="charts/kvjob/files/dashboards/….json")
    parser.add_argument("out", type=Path, help="PNG to write")
    parser.add_argument("--prometheus", default="http://127.0.0.1:9090", help="its address")
    parser.add_argument("--hours", type=float, default=6, help="length of the time range")
    parser.add_argument("--until", type=float, help="its end, Unix time; now unless given")
    parser.add_argument("--scrape", type=float, default=15, help="seconds between scrapes")
    parser.add_argument("--set", action="append", default=[], metavar="VARIABLE=VALUE", help="choose a value")
    given = parser.parse_args()
    end = given.until or datetime.now(UTC).timestamp()
    times = (end - given.hours * 3600, end)
    chosen = dict(each.split("=", 1) for each in given.set)
    viewer = Viewer(PrometheusApi(given.prometheus), *times, scrape=given.scrape)
    draw(load(given.dashboard), viewer, chosen, times, given.out)


if __name__ == "__main__":
    main()
