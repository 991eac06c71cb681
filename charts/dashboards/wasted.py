"""A panel that *Study* and *Fleet* have both: what interruptions cost."""

from typing import Any

from charts.dashboards.panels import as_of_end, bars
from charts.dashboards.promql import by, hours


def wasted(where: str) -> Any:
    """Wasted time of the runs that `where` selects."""
    return bars(
        "Wasted time by cause",
        "Wall time that had to be done again after an interruption, or that led to nothing.",
        "h",
        as_of_end(hours(f"sum by (cause) ({by('cause')} (kvjob_wasted_seconds{{{where}}}))"), "{{cause}}"),
        steps=((None, "orange"),),
        decimals=2,
        least=0,
        none="nothing wasted",
    )
