"""Which fault strikes when: drawn from a seed before anything begins."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.integration.chaos.ledger import Injection
from tests.integration.chaos.progress import Progress


class Missed(Exception):  # noqa: N818  (an event, not a defect)
    """What a fault was aimed at ended before it was struck."""


@dataclass(frozen=True)
class Fault:
    """A kind of fault."""

    kind: str
    inject: Callable[[Any, str, random.Random], int | None]
    """Given the study, the key of a run in training, and chance; tells how many saved epochs it damaged."""
    everybody: bool = False
    """Whether it meets every run in training."""
    store_too: bool = False
    """Whether it takes trainers and store at once, so that what was not saved yet has nowhere to go."""


@dataclass(frozen=True)
class Planned:
    """A fault of the schedule."""

    fault: Fault
    epochs: int
    """Epochs that its run gets further before it strikes."""
    which: float
    """Which of the runs in training, 0 to 1."""
    seed: int
    """Of the fault's own chance."""


def schedule(faults: Sequence[Fault], seed: int, number: int) -> list[Planned]:
    """Every kind once in random order, then every kind again, …"""
    chance = random.Random(seed)
    kinds: list[Fault] = []
    while len(kinds) < number:
        kinds += chance.sample(faults, len(faults))
    return [
        Planned(fault, chance.randint(1, 2), chance.random(), chance.getrandbits(32))
        for fault in kinds[:number]
    ]


def inject(planned: Planned, study: Progress) -> Injection | None:
    """Wait until a run in training got so many epochs further, then do it; nothing if the study is over."""
    fault = planned.fault
    runs: list[str] = []

    def found() -> bool:
        runs[:] = study.ready(planned.epochs)
        return bool(runs)

    while study.until("run that gets further", found):
        key = runs[int(planned.which * len(runs))]
        done = Injection(fault.kind, key, datetime.now(UTC), study.epochs[key], everybody=fault.everybody)
        if fault.store_too:
            done.saved = dict(study.epochs)
        print(f"{done.moment:%H:%M:%S} {fault.kind}: {key} after epoch {done.epoch:.0f}")
        try:
            done.damaged = fault.inject(study, key, random.Random(planned.seed)) or 0
        except Missed:
            continue
        study.struck(key, fault.everybody)
        return done
    return None
