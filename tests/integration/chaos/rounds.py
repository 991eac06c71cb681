"""A schedule of faults, spent on as many studies as it takes."""

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean

from kvjob.records.attempt import read_attempts
from kvjob.store import Store
from tests.integration.chaos import ledger
from tests.integration.chaos.kept import kept
from tests.integration.chaos.progress import Progress
from tests.integration.chaos.schedule import Planned, inject


@dataclass
class Disturbed:
    """Studies that were disturbed and are over."""

    seed: int
    injections: list[ledger.Injection] = field(default_factory=list)
    steps: list[ledger.Step] = field(default_factory=list)
    amiss: list[str] = field(default_factory=list)
    left: list[dict[str, bytes]] = field(default_factory=list)
    """What the runs of each study left, by key in the store."""

    def summary(self) -> str:
        studies = f"{len(self.left)} studies, {len(self.steps)} interruptions of their runs"
        return f"\nKVJOB_CHAOS_SEED={self.seed}: {studies}\n{ledger.table(self.injections)}"

    def write(self, path: Path) -> None:
        """The figures as JSON."""
        facts = {"studies": len(self.left), "interruptions": len(self.steps)}
        ledger.write(path, self.seed, self.injections, **facts)

    def epochs(self) -> list[list[int]]:
        """The epochs that each history tells."""
        histories = [
            data for study in self.left for key, data in study.items() if key.endswith("/history.json")
        ]
        return [[row["epoch"] for row in json.loads(history)["rows"]] for history in histories]


def disturb(
    seed: int,
    faults: Sequence[Planned],
    begin: Callable[[], AbstractContextManager[Progress]],
    epoch_seconds: float,
) -> Disturbed:
    """Inject every fault, in one study after the other: how many one has time for depends on the machine.

    Args:
        seed: of the schedule.
        faults: the schedule.
        begin: starts the study anew.
        epoch_seconds: what an epoch takes undisturbed.
    """
    ended, ahead = Disturbed(seed), list(faults)
    while ahead:
        with begin() as study:
            injections: list[ledger.Injection] = []
            while ahead and (done := inject(ahead[0], study)):
                injections.append(done)
                ahead.pop(0)
            study.until("end", lambda: False)
            steps, amiss = ledger.steps({key: study.attempts(key) for key in study.epochs}, injections)
            ledger.time_lost(injections, study.seen, epoch_seconds)
            print(ledger.story({key: study.attempts(key) for key in study.epochs}))
            ended.left.append(kept(study.store))
            print(study.told())
        assert injections, "a study was over before anything disturbed it"
        ended.injections += injections
        ended.steps += steps
        ended.amiss += amiss
    return ended


def usual_seconds(store: Store) -> float:
    """What an epoch takes in a store's runs."""
    keys = {key.split("/")[1] for key in kept(store)}
    return mean(timing.seconds for key in keys for timing in read_attempts(store, key)[0].epochs)
