"""The plan: every distinct run of a study, and which experiments look at it."""

from pydantic import BaseModel, ConfigDict, Field

from kvjob.errors import ConfigurationError
from kvjob.study.config import TrainConfig, run_key, train_config
from kvjob.study.experiment import Experiment, Level, LevelName, Name
from kvjob.study.preset import preset
from kvjob.study.study import Study

BASELINE = "baseline"
"""Name of the level that an experiment gets when none of its own is the base configuration."""


class Role(BaseModel):
    """The place of a run in an experiment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    experiment: Name
    level: LevelName
    baseline: bool
    """Whether this level is the base configuration, with which the others are compared."""


class PlannedRun(BaseModel):
    """One run, trained once however many experiments look at it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    config: TrainConfig
    roles: tuple[Role, ...] = Field(min_length=1)

    @property
    def title(self) -> str:
        """The run in words: its first role and its seed."""
        role = self.roles[0]
        return f"{BASELINE if role.baseline else f'{role.experiment}={role.level}'} seed={self.config.seed}"


class Plan(BaseModel):
    """Every run of a study on one data set with one version of the code."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    study: Study
    """The study, each experiment with all levels that were planned, the baseline's included."""
    dataset: str
    """Hash of the data set."""
    code: str
    """Hash of the sources that decide a result."""
    runs: tuple[PlannedRun, ...]

    def run(self, key: str) -> PlannedRun:
        """The run of that key; ConfigurationError if the study has none."""
        for run in self.runs:
            if run.key == key:
                return run
        raise ConfigurationError(
            f"study {self.study.name!r} has no run {key!r}",
            where="run key",
            fix=f"Choose one of {', '.join(run.key for run in self.runs)}",
        )


def plan(study: Study, dataset: str, code: str) -> Plan:
    """Every distinct run of study, the baseline first, then in the order of experiments, levels and seeds.

    Raises:
        ConfigurationError: a level and the base together are not a configuration.
    """
    base = base_values(study)
    baseline = train_config(base, f"base of study {study.name!r}")
    experiments = tuple(_with_baseline(experiment, base, baseline) for experiment in study.experiments)
    roles: dict[TrainConfig, list[Role]] = {}
    for seed in range(study.seeds):
        roles[baseline.model_copy(update={"seed": seed})] = []
    for experiment in experiments:
        for level in experiment.levels:
            config = _configure(experiment, level, base)
            role = Role(experiment=experiment.name, level=level.name, baseline=config == baseline)
            for seed in range(study.seeds):
                roles.setdefault(config.model_copy(update={"seed": seed}), []).append(role)
    runs = tuple(
        PlannedRun(key=run_key(config, code, dataset), config=config, roles=tuple(roles_of))
        for config, roles_of in roles.items()
    )
    planned = study.model_copy(update={"experiments": experiments})
    return Plan(study=planned, dataset=dataset, code=code, runs=runs)


def configurations(study: Study) -> tuple[TrainConfig, ...]:
    """The configuration of every run of study, which needs no data set to be known; errors as plan."""
    return tuple(run.config for run in plan(study, "", "").runs)


def base_values(study: Study) -> dict[str, object]:
    """The fields that every run of study shares, where they differ from TrainConfig's defaults."""
    if "seed" in study.base:
        raise ConfigurationError(
            "the base sets 'seed'",
            where=f"base of study {study.name!r}",
            fix="Set 'seeds', the number of replicates",
        )
    return {**preset(study.preset).base, **study.base}


def _configure(experiment: Experiment, level: Level, base: dict[str, object]) -> TrainConfig:
    return train_config({**base, **level.changes}, f"experiment {experiment.name!r}, level {level.name!r}")


def _with_baseline(experiment: Experiment, base: dict[str, object], baseline: TrainConfig) -> Experiment:
    if any(_configure(experiment, level, base) == baseline for level in experiment.levels):
        return experiment
    value = getattr(baseline, experiment.factor)
    level = Level(name=BASELINE, label=f"{BASELINE} ({value})", changes={experiment.factor: value})
    return experiment.model_copy(update={"levels": (level, *experiment.levels)})
