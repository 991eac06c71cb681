"""Two studies beside each other: what differs between them, and by how much their levels do."""

from kvjob.report.compared.build import build_comparison
from kvjob.report.compared.document import Comparison, LevelPair

__all__ = ["Comparison", "LevelPair", "build_comparison"]
