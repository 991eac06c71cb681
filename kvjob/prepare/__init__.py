"""Before a study trains: its data packed once, its weights brought along, its plan written."""

from kvjob.prepare.study import foresee, prepare_study

__all__ = ["foresee", "prepare_study"]
