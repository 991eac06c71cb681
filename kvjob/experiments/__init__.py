"""The catalogue: one small file per experiment, and the studies made of them."""

from kvjob.experiments.catalogue import CATALOGUE, STUDIES, experiment
from kvjob.experiments.load import load_study, parse_study

__all__ = ["CATALOGUE", "STUDIES", "experiment", "load_study", "parse_study"]
