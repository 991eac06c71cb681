"""Table I: the network of the baseline, group by group."""

from kvjob.records.run import ModelSummary
from kvjob.report.published import PublishedModel
from kvjob.report.read import StudyData
from kvjob.report.tables.table import Column, Part, Row, Table

_SHAPE = Column("output_shape", "Output (channels × height × width)")
_PARAMETERS = Column("parameters", "Parameters")


def model_table(data: StudyData, published: PublishedModel) -> Table | None:
    """The network of the first planned run that has described it; None if none has yet."""
    model = next((run.model for run in data.runs if run.model), None)
    if model is None:
        return None
    rows = [
        Row(
            group.name,
            group.name,
            {"output_shape": _shape(group.output_shape), "parameters": group.parameters},
        )
        for group in model.groups
    ]
    return Table(
        name="table-01-model",
        label="Table I",
        title="The network",
        head="Layer group",
        parts=(
            Part(
                f"DeepLabV3+ with encoder {model.encoder}, for one image of {_shape(model.input_shape)}.",
                (_SHAPE, _PARAMETERS),
                (*rows, *_totals(model, published)),
            ),
        ),
    )


def _totals(model: ModelSummary, published: PublishedModel) -> tuple[Row, ...]:
    return (
        Row("all", "All", {"parameters": model.parameters}, marks=("total",)),
        Row("all", "as published", {"parameters": published.parameters}, kind="published"),
        Row("trainable", "Trainable", {"parameters": model.trainable}, marks=("total",)),
        Row("trainable", "as published", {"parameters": published.trainable}, kind="published"),
    )


def _shape(shape: tuple[int, ...]) -> str:
    return " × ".join(str(side) for side in shape)
