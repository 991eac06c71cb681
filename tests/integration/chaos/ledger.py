"""What faults cost: epochs trained twice and seconds, counted from what the store holds at the end."""

import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from kvjob.records.attempt import Attempt


@dataclass
class Injection:
    """A fault that was injected, and what it cost."""

    kind: str
    key: str
    """The run in training that it was aimed at."""
    moment: datetime
    epoch: float
    """Newest epoch of that run in the store before."""
    damaged: int = 0
    """Saved epochs that it damaged: those between the newest checkpoint and the one before."""
    saved: dict[str, float] = field(default_factory=dict)
    """Newest epoch that the store held of each run, where the fault took the store as well."""
    everybody: bool = False
    """Whether it met every run in training."""
    repeated: int = 0
    """Epochs trained twice because of it."""
    reached: int = 0
    """Last epoch of the attempt that it ended, 0 if it ended none."""
    seconds: float = 0.0
    """From the fault until the store held an epoch that its run had not trained yet, less an epoch's time."""


@dataclass(frozen=True)
class Step:
    """From one attempt at a run to the next."""

    key: str
    attempt: int
    repeated: int
    allowed: int


def steps(
    attempts: Mapping[str, Sequence[Attempt]], injections: Sequence[Injection]
) -> tuple[list[Step], list[str]]:
    """What each attempt trained that one before it had, charged to the fault before it; and what is amiss.

    An interruption may cost the epoch that was being written, and a damaged checkpoint costs what it held
    beyond the one before; the two lie further apart than an epoch where the store was slower than training.
    Where trainer and store went at once, what was not saved yet goes as well.
    """
    found, amiss = [], []
    for key, records in attempts.items():
        for record in records:
            numbers = [timing.epoch for timing in record.epochs]
            expected = list(range(record.resumed_from + 1, record.resumed_from + 1 + len(numbers)))
            if numbers != expected:
                amiss.append(f"{key} attempt {record.number} trained {numbers} from {record.resumed_from} on")
        for before, after in pairwise(records):
            mine = [each for each in injections if each.key == key or each.everybody]
            between = [each for each in mine if before.started <= each.moment < after.started]
            # of one that vanished, nobody wrote down when
            end = after.started if before.cause == "lost" else before.ended or after.started
            mine = [each for each in mine if each.moment < end]
            reached = before.epochs[-1].epoch if before.epochs else before.resumed_from
            # killed between a checkpoint and its attempt's record, an attempt did more than it could tell
            repeated = max(0, reached - after.resumed_from)
            if mine:
                mine[-1].repeated += repeated
                mine[-1].reached = max(mine[-1].reached, reached if mine[-1].key == key else 0)
            unsaved = max(
                (reached - int(each.saved[key]) for each in between if key in each.saved), default=0
            )
            allowed = max(1, unsaved) + sum(each.damaged for each in between)
            found.append(Step(key, after.number, repeated, allowed))
    return found, amiss


def story(attempts: Mapping[str, Sequence[Attempt]]) -> str:
    """What each attempt did, a line each."""
    return "\n".join(
        f"{key} attempt {each.number}: from epoch {each.resumed_from} to "
        f"{each.epochs[-1].epoch if each.epochs else each.resumed_from} (saved {each.saved}), {each.cause}"
        f"{''.join(f'; {line}' for line in (each.message.partition(chr(10))[0], *each.warnings) if line)}"
        for key, records in attempts.items()
        for each in records
    )


def time_lost(
    injections: Sequence[Injection], seen: Sequence[tuple[datetime, str, float]], epoch_seconds: float
) -> None:
    """Write into each injection how long its run was held up."""
    for each in injections:
        last = max(each.epoch, each.reached)
        later = [at for at, key, epoch in seen if key == each.key and epoch > last and at > each.moment]
        if later:
            each.seconds = max(0.0, (min(later) - each.moment).total_seconds() - epoch_seconds)


def table(injections: Sequence[Injection]) -> str:
    """Faults by kind: how many, epochs repeated, seconds lost in all and at most."""
    kinds: dict[str, list[Injection]] = defaultdict(list)
    for each in injections:
        kinds[each.kind].append(each)
    rows = [
        (
            kind,
            len(group),
            sum(each.repeated for each in group),
            sum(each.seconds for each in group),
            max(each.seconds for each in group),
        )
        for kind, group in sorted(kinds.items())
    ]
    rows.append(
        (
            f"{len(kinds)} kinds",
            len(injections),
            sum(row[2] for row in rows),
            sum(row[3] for row in rows),
            max((row[4] for row in rows), default=0.0),
        )
    )
    lines = [f"{'fault':32} {'number':>6} {'epochs repeated':>15} {'seconds lost':>12} {'at most':>8}"]
    lines += [
        f"{kind:32} {number:6} {again:15} {lost:12.1f} {most:8.1f}"
        for kind, number, again, lost, most in rows
    ]
    return "\n".join(lines)


def write(path: Path, seed: int, injections: Sequence[Injection], **facts: object) -> None:
    """The same as JSON, with every injection."""
    told = [
        {
            **{name: value for name, value in asdict(each).items() if name != "saved"},
            "moment": each.moment.isoformat(),
            "epoch": None if math.isinf(each.epoch) else int(each.epoch),
            "seconds": round(each.seconds, 2),
        }
        for each in injections
    ]
    path.write_text(json.dumps({"seed": seed, **facts, "faults": told}, indent=1) + "\n")
