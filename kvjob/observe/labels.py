"""The labels of a run.

Cardinality is bounded by the plans: a run's labels follow from the plan alone, never from what happens to it.
What moves (epoch, step, time) is a value; nodes, pods and devices are no labels. Labels beside LABELS have
few values each: `part` 3, `phase` 5, `cause` 18, `state` 6 of which one at a time, `operation` 6. So a run
that is over has about 40 series and one in training about 50, however long it trains or is interrupted.
"""

from dataclasses import dataclass

from kvjob.study.config import TrainConfig
from kvjob.study.plan import BASELINE, PlannedRun

LABELS = ("study", "experiment", "level", "seed", "run")
"""Of every series of a run. Experiment and level are those of its first role in the plan; a run of the base
configuration has `baseline` for both."""

FIELDS = tuple(name for name in TrainConfig.model_fields if name != "seed")
"""Labels of `kvjob_run_info`: the configuration."""


@dataclass(frozen=True, slots=True)
class NamedRun:
    """A planned run as labels."""

    labels: tuple[str, ...]
    """Values of LABELS."""
    roles: tuple[tuple[str, str, str], ...]
    """Experiment, level, and `true` or `false` for the baseline, of every role."""
    info: tuple[str, ...]
    """Values of FIELDS."""
    key: str
    seed: int
    epochs: int
    """The most epochs it will train."""

    @property
    def baseline(self) -> bool:
        """Whether it has the base configuration."""
        return self.labels[1] == BASELINE


def name_run(study: str, run: PlannedRun) -> NamedRun:
    """The labels of a run of a study."""
    first = run.roles[0]
    place = (BASELINE, BASELINE) if first.baseline else (first.experiment, first.level)
    return NamedRun(
        labels=(study, *place, str(run.config.seed), run.key),
        roles=tuple((role.experiment, role.level, str(role.baseline).lower()) for role in run.roles),
        info=tuple(_text(getattr(run.config, name)) for name in FIELDS),
        key=run.key,
        seed=run.config.seed,
        epochs=run.config.epochs,
    )


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
