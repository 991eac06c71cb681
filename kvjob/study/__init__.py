"""Configuration, factor, level and plan: values only, nothing is read or written."""

from kvjob.study.code import code_hash
from kvjob.study.config import TrainConfig, run_key, train_config
from kvjob.study.experiment import Experiment, Level
from kvjob.study.plan import Plan, PlannedRun, Role, configurations, plan
from kvjob.study.preset import PRESETS, Preset, preset
from kvjob.study.study import Study

__all__ = [
    "PRESETS",
    "Experiment",
    "Level",
    "Plan",
    "PlannedRun",
    "Preset",
    "Role",
    "Study",
    "TrainConfig",
    "code_hash",
    "configurations",
    "plan",
    "preset",
    "run_key",
    "train_config",
]
