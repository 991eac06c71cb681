"""DeepLabV3+ and its variants."""

from kvjob.model.network import build, skeleton
from kvjob.model.normalise import Normalise
from kvjob.model.summary import summarise

__all__ = ["Normalise", "build", "skeleton", "summarise"]
