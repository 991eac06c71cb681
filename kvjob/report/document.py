"""`report.json`: everything the report says, as data."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from kvjob import __version__
from kvjob.records.cause import Cause
from kvjob.records.document import Document
from kvjob.records.run import Environment, PhaseScores
from kvjob.report.beside import Beside
from kvjob.report.conclusions import Conclusions
from kvjob.report.cost import Cost, cost
from kvjob.report.origin import Origin, origin
from kvjob.report.published import Published
from kvjob.report.read import Run, Standing, StudyData
from kvjob.report.summary import ExperimentSummary
from kvjob.study import Role
from kvjob.study.plan import BASELINE

SCHEMA = "report.schema.json"
"""Name of the document's JSON schema, beside it."""


class AttemptSummary(BaseModel):
    """One start of the trainer on a run."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    number: int
    """Numbered from 1."""
    cause: Cause
    """Why it ended."""
    message: str
    """The same in words."""
    seconds: float
    """Wall time from the start to the last sign of life."""
    device: str
    """Name of the GPU or CPU."""
    resumed_from: int
    """Epoch it continued from, 0 if it began anew."""
    warnings: tuple[str, ...]
    """What was met and mended, such as a damaged checkpoint."""


class RunSummary(BaseModel):
    """One run of the plan."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    key: str
    roles: tuple[Role, ...]
    seed: int
    config: dict[str, Any]
    """Every field of its configuration."""
    standing: Standing
    why: str
    epochs: int
    """Complete epochs."""
    best_epoch: int | None
    stopped: str | None
    """What ended training."""
    validation: PhaseScores | None
    test: PhaseScores | None
    cost: Cost
    attempts: tuple[AttemptSummary, ...]
    environment: Environment | None

    @property
    def title(self) -> str:
        """Its place in the study, in words."""
        if any(role.baseline for role in self.roles):
            return BASELINE
        return "; ".join(f"{role.experiment}={role.level}" for role in self.roles)


class ReportRecord(Document):
    """The whole report."""

    model_config = ConfigDict(serialize_by_alias=True)

    schema_file: str = Field(SCHEMA, alias="$schema")
    """The JSON schema of this document, beside it."""
    kvjob: str
    """Version that made the report."""
    study: dict[str, Any]
    """The study as it was planned."""
    planned: datetime
    """When the study was last planned."""
    dataset: str
    """Hash of the data set."""
    code: str
    """Hash of the sources that decide a result."""
    image_counts: dict[str, int]
    """Number of images in `train` and `test` of the data set."""
    standings: dict[Standing, int]
    """Number of runs in each standing."""
    test_steered: bool
    """Whether the test set decided in any run when to stop."""
    cost: Cost
    """Of all runs, each counted once."""
    comparisons: int
    """Number of levels that were compared with their baseline, for which p-values are corrected; those of IoU
    and those of Dice each among themselves."""
    runs: tuple[RunSummary, ...]
    experiments: tuple[ExperimentSummary, ...]
    conclusions: Conclusions
    """What follows from them by rule."""
    published: Published
    """What the results were set beside."""
    beside: Beside
    """Both next to each other."""
    origin: Origin
    """What made the report, and what makes it again."""
    files: tuple[str, ...]
    """Tables, data and figures of the report, below its folder."""


def report_record(
    data: StudyData,
    runs: tuple[RunSummary, ...],
    experiments: tuple[ExperimentSummary, ...],
    conclusions: Conclusions,
    published: Published,
    beside: Beside,
    files: tuple[str, ...],
) -> ReportRecord:
    """Gather what the report says."""
    standings: dict[Standing, int] = {}
    for run in data.runs:
        standings[run.standing] = standings.get(run.standing, 0) + 1
    return ReportRecord(
        kvjob=__version__,
        study=data.plan.study.model_dump(mode="json"),
        planned=data.record.planned,
        dataset=data.plan.dataset,
        code=data.plan.code,
        image_counts=data.record.image_counts,
        standings=standings,
        test_steered=any(run.planned.config.protocol == "test-steered" for run in data.runs),
        cost=cost(data.runs),
        comparisons=sum(level.difference is not None for each in experiments for level in each.levels),
        runs=runs,
        experiments=experiments,
        conclusions=conclusions,
        published=published,
        beside=beside,
        origin=origin(data, beside.dataset),
        files=files,
    )


def summarise_run(run: Run) -> RunSummary:
    """What the report says of one run."""
    result = run.result
    return RunSummary(
        key=run.key,
        roles=run.planned.roles,
        seed=run.seed,
        config=run.planned.config.model_dump(mode="json"),
        standing=run.standing,
        why=run.why,
        epochs=result.epochs if result else len(run.course),
        best_epoch=result.best_epoch if result else None,
        stopped=result.stopped if result else None,
        validation=result.validation if result else None,
        test=result.test if result else None,
        cost=cost([run]),
        attempts=tuple(
            AttemptSummary(
                number=attempt.number, cause=attempt.cause, message=attempt.message, seconds=attempt.seconds,
                device=attempt.device, resumed_from=attempt.resumed_from, warnings=attempt.warnings,
            )
            for attempt in run.attempts
        ),
        environment=run.environment,
    )  # fmt: skip
