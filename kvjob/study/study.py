"""A study: a base configuration, experiments, and seeds."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from kvjob.study.experiment import Experiment

StudyName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,48}[a-z0-9])?$")]


class Study(BaseModel):
    """What is asked, before it is known of which data."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    name: StudyName
    """Name in keys, labels and the report: small letters, digits and dashes."""
    title: str = Field("", max_length=200)
    """Heading of the report."""
    preset: str = "full"
    """Preset that the base starts from."""
    base: dict[str, Any] = Field(default_factory=dict)
    """Fields of TrainConfig in which every run differs from the preset."""
    seeds: int = Field(1, ge=1, le=1000)
    """Replicates: every configuration is trained with seeds 0 to seeds - 1."""
    experiments: tuple[Experiment, ...] = Field(min_length=1, max_length=100)
