"""Every run of the study: how it stands, what it scored, what it cost."""

from dataclasses import replace

from kvjob.records.cause import WELL, endings
from kvjob.report.cost import MINUTES_PER_HOUR, brief
from kvjob.report.document import RunSummary
from kvjob.report.tables.table import Column, Part, Row, Table, Value

_HOURS = (Column("hours", "Hours"), Column("wasted_hours", "of them wasted"))
_MINUTES = tuple(
    replace(column, title=column.title.replace("Hours", "Minutes"), digits=1, scale=MINUTES_PER_HOUR)
    for column in _HOURS
)
_COLUMNS = (
    Column("role", "Level", numeric=False),
    Column("seed", "Seed"),
    Column("standing", "State", numeric=False),
    Column("epochs", "Epochs"),
    Column("best_epoch", "Best"),
    Column("stopped", "Stopped by", numeric=False),
    Column("iou", "Test IoU"),
    *_HOURS,
    Column("attempts", "Attempts", numeric=False),
    Column("device", "Device", numeric=False),
)


def runs_table(runs: tuple[RunSummary, ...]) -> Table:
    """One row per run, in the order of the plan."""
    times = dict(zip(_HOURS, _MINUTES if brief(run.cost.hours for run in runs) else _HOURS, strict=True))
    return Table(
        name="table-runs",
        label="Runs",
        title="Every run of the study",
        head="Run",
        parts=(
            Part(
                f"{times[_HOURS[0]].title} are wall time of one device; "
                "wasted is what was done again or led to nothing.",
                tuple(times.get(column, column) for column in _COLUMNS),
                tuple(map(_row, runs)),
            ),
        ),
        notes=tuple(note for run in runs for note in _notes(run)),
    )


def _row(run: RunSummary) -> Row:
    cells: dict[str, Value] = {
        "role": run.title,
        "seed": run.seed,
        "standing": run.standing,
        "epochs": run.epochs,
        "best_epoch": run.best_epoch,
        "stopped": run.stopped,
        "iou": run.test.mean_over_images.iou if run.test else None,
        "hours": run.cost.hours if run.attempts else None,
        "wasted_hours": run.cost.wasted_hours if run.attempts else None,
        "attempts": endings(attempt.cause for attempt in run.attempts) or None,
        "device": "; ".join(dict.fromkeys(attempt.device for attempt in run.attempts if attempt.device))
        or None,
    }
    return Row(run.key, run.key, cells)


def _notes(run: RunSummary) -> list[str]:
    notes = [
        f"{run.key}, attempt {attempt.number}: {warning}"
        for attempt in run.attempts
        for warning in attempt.warnings
    ]
    if failed := [str(attempt.number) for attempt in run.attempts if attempt.cause not in WELL]:
        which = f"attempt {failed[0]}" if len(failed) == 1 else f"attempts {', '.join(failed)}"
        # a command and no link: the report is read far from the store
        notes.append(f"{run.key}, {which}: why it failed shows kvjob logs {run.key} --attempt N")
    return notes
