"""Before a study trains: its data brought and packed once, its weights brought along, its plan written."""

from kvjob.prepare.obtain import obtain
from kvjob.prepare.study import foresee, prepare_study

__all__ = ["foresee", "obtain", "prepare_study"]
