"""The catalogue of experiments, and the studies made of it."""

from kvjob.errors import ConfigurationError
from kvjob.experiments.activation import ACTIVATION
from kvjob.experiments.augmentation import AUGMENTATION
from kvjob.experiments.data_size import DATA_SIZE
from kvjob.experiments.encoder import ENCODER
from kvjob.experiments.input_size import INPUT_SIZE
from kvjob.experiments.optimizer import OPTIMIZER
from kvjob.experiments.resolution import RESOLUTION
from kvjob.study import Experiment, Study, preset

PAPER = (RESOLUTION, AUGMENTATION, OPTIMIZER, ACTIVATION)
"""The experiments of the paper, in its order."""

CATALOGUE = {experiment.name: experiment for experiment in (*PAPER, DATA_SIZE, ENCODER, INPUT_SIZE)}

ABOUT = "Segmentation of endoscopic instruments with DeepLabV3+"

STUDIES = {
    study.name: study
    for study in (
        Study(name="paper", title=f"{ABOUT}: the paper's four experiments", experiments=PAPER),
        Study(
            name="all-experiments",
            title=f"{ABOUT}: all seven experiments",
            experiments=tuple(CATALOGUE.values()),
        ),
        *(
            Study(name=found.name.replace("_", "-"), title=f"{ABOUT}: {found.title}", experiments=(found,))
            for found in CATALOGUE.values()
        ),
    )
}
"""Studies by name: the paper's, all experiments together, and each experiment alone."""


def experiment(name: str) -> Experiment:
    """The experiment of that name; ConfigurationError lists those there are."""
    try:
        return CATALOGUE[name]
    except KeyError:
        raise ConfigurationError(
            f"unknown experiment {name!r}", where="experiments", fix=f"Choose from {', '.join(CATALOGUE)}"
        ) from None


def fit_preset(found: Experiment, preset_name: str) -> Experiment:
    """A catalogue experiment with the levels that the preset's hardware can train."""
    levels = preset(preset_name).levels.get(found.name)
    if levels is None or CATALOGUE.get(found.name) != found:
        return found
    values = found.model_dump(exclude={"levels"}) | {"levels": list(levels)}
    return Experiment.model_validate(values)
