"""From the store to tables, figures and one page that tells what a study found and what it did not."""

from kvjob.report.build import Progress, build_report
from kvjob.report.watch import INTERVAL_SECONDS, watch_report
from kvjob.report.write import publish

__all__ = ["INTERVAL_SECONDS", "Progress", "build_report", "publish", "watch_report"]
