"""`python -m charts.dashboards`: render every dashboard into the chart, one file for each."""

import sys
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from charts.dashboards import fleet, run, study

FOLDER = Path(__file__).parents[1] / "kvjob/files/dashboards"


def rendered() -> dict[str, str]:
    """The text of each file, by its name."""
    dashboards: dict[str, Any] = {
        each.__name__.rpartition(".")[2]: each.dashboard() for each in (study, run, fleet)
    }
    return {
        f"{name}.json": JSONEncoder(sort_keys=True, indent=1).encode(made) + "\n"
        for name, made in dashboards.items()
    }


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in rendered().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"{FOLDER / name}\n")
