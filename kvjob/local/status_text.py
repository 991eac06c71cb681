"""The status of a study as text: a table for a terminal, plain columns elsewhere, JSON for programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from kvjob.local.fit import fit
from kvjob.local.status import StatusRow, count
from kvjob.local.words import clock, plural, printable, rate, ratio, roughly

SIGNS = {
    "new": ("·", "dim"),
    "running": ("▸", "bold cyan"),
    "resume": ("↻", "yellow"),
    "done": ("✓", "green"),
    "failed": ("✗", "bold red"),
}

WORDS = {"resume": "to resume"}
"""States that read better in other words."""

AROUND = 7
"""Lines that are not rows: the study, its bar, a blank one, the heading, the rest, a note, the cursor's."""

WIDE = 16
"""Columns from which a reason in a few words can be read."""

HELD = {"waiting": "yellow", "retrying": "yellow", "starting": "cyan", "failed": "bold red"}
"""What the place that trains a run says of it, where that is worth more than a bar, and its colour."""

OTHER_COLUMNS = 66
"""Columns that all but the run's name take at the most."""


def status_json(study: str, rows: Sequence[StatusRow], note: str = "") -> str:
    """An object with the study's name, a note, the count of each state, and the rows; times as ISO 8601."""
    facts = {"study": study, "note": note, "states": count(rows), "runs": [asdict(row) for row in rows]}
    return json.dumps(facts, indent=1, default=datetime.isoformat)


def summary(study: str, rows: Sequence[StatusRow]) -> str:
    """The study in one line."""
    states = ", ".join(f"{number} {WORDS.get(kind, kind)}" for kind, number in count(rows).items())
    return f"{study}: {plural(len(rows), 'run')}{f': {states}' if states else ''}"


def plain_row(row: StatusRow, title_width: int) -> str:
    """One run on one line without control characters."""
    best = f"best IoU {row.best_iou:.3f}" if row.best_iou is not None else ""
    test = f"test IoU {row.test_iou:.3f}" if row.test_iou is not None else ""
    epochs = f"{row.epoch}/{row.epochs}"
    scores = f"{epochs:>7}  {best:<14}  {test:<14}"
    return f"{row.key}  {row.state:<7}  {row.title:<{title_width}}  {scores}  {reason(row)}".rstrip()


def reason(row: StatusRow) -> str:
    """Why a run is as it is: what the store tells, and what the place that trains it adds."""
    phase = _phase(row)
    if phase not in HELD:
        return printable(row.why)
    held = f"{phase}: {row.phase_why}" if row.phase_why else phase
    return printable(held if row.state == "new" else f"{row.why}; {held}")


def _phase(row: StatusRow) -> str:
    """The phase, as far as it is ahead of the store: a trainer that has written nothing yet is starting."""
    return "starting" if row.phase == "running" and row.state != "running" else row.phase


def plain_rows(rows: Sequence[StatusRow]) -> list[str]:
    """Each run on one line, in columns."""
    width = max((len(row.title) for row in rows), default=0)
    return [plain_row(row, width) for row in rows]


def picture(
    study: str, rows: Sequence[StatusRow], width: int, height: int | None = None, note: str = ""
) -> RenderableType:
    """The rows as a table: all of them, or as many as fit in height lines; note goes below."""
    whys = [_failure(row) for row in rows if row.state == "failed"] + _held(rows)
    explained = whys if height is None else whys[: max(0, (height - AROUND) // 4)]
    room = len(rows) if height is None else max(1, height - AROUND - len(explained))
    shown, hidden = fit(rows, lambda row: row.state, room)
    parts: list[RenderableType] = [_head(study, rows), _study_bar(rows), Text(), _table(shown, width)]
    if hidden:
        rest = ", ".join(f"{number} {WORDS.get(kind, kind)}" for kind, number in hidden.items())
        parts.append(Text(f"  and {rest}", "dim"))
    for why in explained:
        why.no_wrap, why.overflow = height is not None, "ellipsis"
        parts.append(why)
    if note:
        parts.append(Text(printable(note), "yellow", no_wrap=True, overflow="ellipsis"))
    return Group(*parts)


def _failure(row: StatusRow) -> Text:
    why = printable(" ".join(row.why.split()))
    # first, because what does not fit is cut off
    return Text().append(f"✗ {row.title} ", "bold red").append(f"(kvjob logs {row.key}): ", "dim").append(why)


def _held(rows: Sequence[StatusRow]) -> list[Text]:
    """A line for each thing that runs wait for, or failed of, at the place that trains them."""
    groups: dict[tuple[str, str], list[StatusRow]] = {}
    for row in rows:
        told = row.state == row.phase == "failed"  # by the store, which knows more
        if row.phase in HELD and row.phase_why and not told:
            groups.setdefault((row.phase, row.phase_why), []).append(row)
    lines = []
    for (phase, why), held in groups.items():
        who = held[0].title if len(held) == 1 else plural(len(held), "run")
        line = Text().append(printable(f"{who} {phase}: {why}"), HELD[phase])
        detail = printable(held[0].phase_detail)
        lines.append(line.append(f" ({detail})", "dim") if detail else line)
    return lines


def _head(study: str, rows: Sequence[StatusRow]) -> Text:
    states = count(rows)
    head = Text(no_wrap=True, overflow="ellipsis").append(study, "bold")
    head.append(f"  {states.pop('done', 0)} of {plural(len(rows), 'run')} done")
    for kind, number in states.items():
        head.append(" · ", "dim").append(f"{number} {WORDS.get(kind, kind)}", SIGNS[kind][1])
    return head


def _study_bar(rows: Sequence[StatusRow]) -> Table:
    bar = ProgressBar(
        total=max(1, len(rows)),
        completed=sum(map(_share, rows)),
        complete_style="cyan",
        finished_style="green",
    )
    line = Table.grid(expand=True)
    line.add_row(bar)
    return line


def _table(rows: Sequence[StatusRow], width: int) -> Table:
    seeds = len({row.seed for row in rows}) > 1
    tries = any(row.attempts > 1 for row in rows)
    held = max((len(row.phase_why) + 7 for row in rows if row.phase in HELD), default=0)
    bar = max(9, min(24, width - 80), min(held, 24, width - 72))
    tight = max((len(row.title) for row in rows), default=0) + OTHER_COLUMNS > width
    table = Table(box=None, expand=tight, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("", width=1)
    table.add_column("run", no_wrap=True, overflow="ellipsis", ratio=1 if tight else None)
    if seeds:
        table.add_column("seed", justify="right", no_wrap=True)
    table.add_column("", width=bar, no_wrap=True)
    for heading in ("epoch", "best", "test", "img/s", "left", "ago"):
        table.add_column(heading, justify="right", no_wrap=True)
    if tries:
        table.add_column("try", justify="right", no_wrap=True)
    for row in rows:
        sign, style = SIGNS[row.state]
        name = Text(row.title.removesuffix(f" seed={row.seed}"), style if row.state == "failed" else "")
        seed = [str(row.seed)] if seeds else []
        again = [str(row.attempts) if row.attempts > 1 else ""] if tries else []
        cells = [Text(sign, style), name, *seed, _bar(row, bar), *_figures(row), *again]
        table.add_row(*cells, style="dim" if row.state == "new" else "")
    return table


def _bar(row: StatusRow, width: int) -> RenderableType:
    phase = _phase(row)
    if phase in HELD and not (row.state == "failed" and phase == "failed"):
        whole = f"retry: {row.phase_why}" if phase == "retrying" else row.phase_why
        words = whole if whole and width >= WIDE else phase
        return Text(printable(words), HELD[phase], no_wrap=True, overflow="ellipsis")
    if row.state in ("running", "done"):
        return ProgressBar(
            total=1.0, completed=_share(row), width=width, complete_style="cyan", finished_style="green"
        )
    return Text(WORDS.get(row.state, row.state), SIGNS[row.state][1])


def _figures(row: StatusRow) -> tuple[str, ...]:
    if not row.attempts:
        return ("",) * 6
    seen = "" if row.last_seen is None else roughly((datetime.now(UTC) - row.last_seen).total_seconds())
    return (
        f"{row.epoch}/{row.epochs}",
        ratio(row.best_iou),
        ratio(row.test_iou) if row.state == "done" else "",
        rate(row.images_per_second),
        f"≤{clock(row.seconds_left)}" if row.seconds_left else "",
        "" if row.state == "done" else seen,
    )


def _share(row: StatusRow) -> float:
    return 1.0 if row.state == "done" else min(1.0, row.epoch / row.epochs)
