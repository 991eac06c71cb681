"""One run: loop, checkpoint, resume, signals; and prediction with what it learned."""

from kvjob.train.output import Output
from kvjob.train.predict import Prediction, predict_images
from kvjob.train.progress import Reporter, make_reporter
from kvjob.train.run import train_run
from kvjob.train.stop import StopRequest
from kvjob.train.watchdog import Watchdog

__all__ = [
    "Output",
    "Prediction",
    "Reporter",
    "StopRequest",
    "Watchdog",
    "make_reporter",
    "predict_images",
    "train_run",
]
