"""Where a study runs on this machine: trainer processes, what they look like, and how far they are."""

from kvjob.local.outcome import Outcome, RunOutcome
from kvjob.local.place import default_jobs
from kvjob.local.schedule import run_all
from kvjob.local.status import StatusRow, status_rows
from kvjob.local.study import choose_view, train_study
from kvjob.local.view import View
from kvjob.local.watch import print_status, watch_status

__all__ = [
    "Outcome",
    "RunOutcome",
    "StatusRow",
    "View",
    "choose_view",
    "default_jobs",
    "print_status",
    "run_all",
    "status_rows",
    "train_study",
    "watch_status",
]
