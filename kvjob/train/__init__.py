"""One run: loop, checkpoint, resume, signals."""

from kvjob.train.output import Output
from kvjob.train.progress import Reporter, make_reporter
from kvjob.train.run import train_run
from kvjob.train.stop import StopRequest
from kvjob.train.watchdog import Watchdog

__all__ = [
    "Output",
    "Reporter",
    "StopRequest",
    "Watchdog",
    "make_reporter",
    "train_run",
]
