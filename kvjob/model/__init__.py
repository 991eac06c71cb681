"""DeepLabV3+ and its variants."""

from kvjob.model.network import HUB_WEIGHTS, build, skeleton
from kvjob.model.normalise import Normalise
from kvjob.model.summary import summarise

__all__ = ["HUB_WEIGHTS", "Normalise", "build", "skeleton", "summarise"]
