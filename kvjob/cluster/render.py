"""`python -m kvjob.cluster.render`: write the manifests that the chart ships."""

import sys
from pathlib import Path

from kvjob.cluster.manifest import as_json
from kvjob.cluster.study_template import study_template

CHART = Path("charts/kvjob")


def render(chart: Path) -> Path:
    """Write the study's WorkflowTemplate into the chart, which lays its values over it; the file's path."""
    path = chart / "files/kvjob-study.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(as_json(study_template().to_dict()), encoding="utf-8")
    return path


if __name__ == "__main__":
    sys.stdout.write(f"{render(CHART)}\n")
