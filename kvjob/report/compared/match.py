"""Which level of one study is which of the other."""

from collections.abc import Iterator
from dataclasses import dataclass

from kvjob.report.read import Run, StudyData
from kvjob.report.summary import level_label
from kvjob.study import Experiment, Level
from kvjob.study.config import TrainConfig


@dataclass(frozen=True, slots=True)
class Place:
    """A level of a study with its runs."""

    experiment: Experiment
    level: Level
    runs: tuple[Run, ...]

    @property
    def names(self) -> tuple[str, str]:
        """Of experiment and level."""
        return self.experiment.name, self.level.name

    @property
    def title(self) -> str:
        """Experiment and level as a reader calls them."""
        return f"{self.experiment.title or self.experiment.name}: {level_label(self.experiment, self.level)}"

    @property
    def config(self) -> TrainConfig | None:
        """What its runs have in common."""
        return self.runs[0].planned.config.model_copy(update={"seed": 0}) if self.runs else None


@dataclass(frozen=True, slots=True)
class Matched:
    """The levels of two studies: those that both have, and the others."""

    pairs: tuple[tuple[Place, Place], ...]
    only_a: tuple[Place, ...]
    only_b: tuple[Place, ...]


def match(a: StudyData, b: StudyData) -> Matched:
    """Match levels by the names of experiment and level, the others by their configuration."""
    theirs = {place.names: place for place in _places(b)}
    pairs, left = [], []
    for place in _places(a):
        if place.names in theirs:
            pairs.append((place, theirs.pop(place.names)))
        else:
            left.append(place)
    only_a = []
    for place in left:
        same = next((names for names, other in theirs.items() if other.config == place.config), None)
        if same is None:
            only_a.append(place)
        else:
            pairs.append((place, theirs.pop(same)))
    return Matched(tuple(pairs), tuple(only_a), tuple(theirs.values()))


def _places(data: StudyData) -> Iterator[Place]:
    for experiment in data.plan.study.experiments:
        for level in experiment.levels:
            yield Place(experiment, level, data.runs_of(experiment, level))
