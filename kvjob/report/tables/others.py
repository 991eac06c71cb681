"""What others have published on Kvasir-Instrument, beside this study's baseline."""

from kvjob.report.published import Others
from kvjob.report.summary import ExperimentSummary, LevelSummary
from kvjob.report.tables.table import Column, Part, Row, Table, Value


def others_table(summaries: tuple[ExperimentSummary, ...], others: Others) -> Table:
    """One row per published result, and the baseline of this study if it has finished."""
    columns = (
        Column("iou", "IoU"),
        Column("dice", "Dice"),
        Column("source", "Source", numeric=False),
    )
    rows = [
        Row(
            result.method,
            result.method,
            {"iou": f"{result.iou:.4f}", "dice": f"{result.dice:.4f}", "source": result.source},
            kind="published",
        )
        for result in others.results
    ]
    baseline = _baseline(summaries)
    if baseline is not None and baseline.mean_over_images is not None:
        scores = baseline.mean_over_images
        cells: dict[str, Value] = {"iou": scores["iou"], "dice": scores["dice"], "source": "this report"}
        rows.insert(0, Row("baseline", "This study's baseline", cells))
    return Table(
        name="table-published",
        label="Published results",
        title="Kvasir-Instrument",
        head="Method",
        parts=(Part(others.note, columns, tuple(rows)),),
    )


def _baseline(summaries: tuple[ExperimentSummary, ...]) -> LevelSummary | None:
    levels = (level for summary in summaries for level in summary.levels)
    return next((level for level in levels if level.baseline), None)
