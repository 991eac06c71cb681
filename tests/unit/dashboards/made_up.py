"""A made-up study, told by kvjob's own trainer and exporter metrics at every scrape of a few hours.

Only the story is made up (who trains when, what scores come out, what goes wrong): names, labels and numbers
of series follow from it as they do from a real study, by the code that serves them.
"""

import math
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from prometheus_client import CollectorRegistry, generate_latest

from kvjob.experiments import load_study
from kvjob.observe.exporter import Exporter
from kvjob.observe.labels import name_run
from kvjob.observe.meter import MeteredStore
from kvjob.observe.summary import RunSummary, summarise
from kvjob.observe.trainer import RunCollector
from kvjob.observe.watch import Seen
from kvjob.records.attempt import Attempt, EpochTiming
from kvjob.records.cause import Cause
from kvjob.records.live import Gpu, Live, Saved
from kvjob.records.run import EpochRow, PhaseScores, Result
from kvjob.study import plan
from kvjob.study.plan import PlannedRun
from kvjob.study.scores import Scores

NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC).timestamp()
"""When the story is looked at."""
NAMESPACE = "studies"
IMAGES = 472


@dataclass(frozen=True)
class Size:
    """How large a story is."""

    study: str
    """Name that it gets."""
    only: tuple[str, ...]
    """Experiments of `all-experiments`; all if empty."""
    seeds: int
    gpus: int
    epochs: int
    epoch_seconds: float
    hours: float
    """How long ago it began."""
    scrape: int
    """Seconds from one scrape to the next."""
    mishaps: int
    """One attempt in so many is interrupted."""


THIRTEEN = ("resolution", "augmentation", "optimizer", "data_size")
SMALL = Size("made-up", THIRTEEN, 1, 4, 40, 62, 1.3, 60, 3)
LARGE = Size("made-up-large", (), 23, 16, 12, 14, 1.1, 120, 12)


@dataclass
class Told:
    """An attempt as it went."""

    began: float
    ended: float
    cause: Cause
    resumed: int
    done: list[tuple[float, EpochRow, EpochTiming]] = field(default_factory=list)
    """Each epoch with the time at which it was complete."""


@dataclass
class Story:
    """A run as it went, whenever that is."""

    run: PlannedRun
    told: list[Told] = field(default_factory=list)
    status: str = "finished"
    gpu: bool = True

    def at(self, now: float, study: str) -> tuple[tuple[Attempt, ...], tuple[EpochRow, ...], Result | None]:
        """What its records say then."""
        begun = [told for told in self.told if told.began <= now]
        rows = {row.epoch: row for told in begun for at, row, _ in told.done if at <= now}
        history = tuple(rows[epoch] for epoch in sorted(rows))
        attempts = tuple(self._attempt(number, told, now, study) for number, told in enumerate(begun, 1))
        over = begun and begun[-1].ended <= now and begun[-1].cause in ("finished", "diverged")
        return attempts, history, self._result(history) if over else None

    def _attempt(self, number: int, told: Told, now: float, study: str) -> Attempt:
        done = [(at, timing) for at, _, timing in told.done if at <= now]
        over = told.ended <= now
        seen = told.ended if over else max([told.began, *(at for at, _ in done)])
        return Attempt(
            number=number,
            started=_time(told.began),
            last_seen=_time(seen),
            ended=_time(told.ended) if over and told.cause != "lost" else None,
            cause=told.cause if over else "running",
            device="NVIDIA A100" if self.gpu else "cpu",
            device_kind="cuda" if self.gpu else "cpu",
            resumed_from=told.resumed,
            epochs=tuple(timing for _, timing in done),
            peak_memory_bytes=9 * 2**30,
            store_seconds=1.5 if over else 0,
            metrics_study=study,
        )

    def _result(self, history: tuple[EpochRow, ...]) -> Result:
        best = max(history, key=lambda row: row.validation.mean_over_images.iou)
        diverged = self.status == "diverged"
        test = _phase(best.validation.mean_over_images.iou - 0.012, best.validation.loss * 1.05)
        return Result(
            key=self.run.key,
            status="diverged" if diverged else "finished",
            stopped="diverged" if diverged else "early-stopping",
            epochs=len(history),
            best_epoch=best.epoch,
            images={"train": IMAGES, "validation": 59, "test": 59},
            validation=best.validation,
            test=None if diverged else test,
        )


class MadeUp:
    """A study of that size and what is scraped of it."""

    def __init__(self, size: Size) -> None:
        self.size = size
        self._random = random.Random(size.study)
        asked = load_study(
            "all-experiments",
            preset="full",
            seeds=size.seeds,
            only=list(size.only) or None,
            base={"epochs": size.epochs},
            rename=size.study,
        )
        self.plan = plan(asked, "d" * 64, "c" * 64)
        self.begin = NOW - size.hours * 3600
        self.stories = self._tell()
        self._named = tuple(name_run(size.study, story.run) for story in self.stories)
        self._exporter = Exporter(_NoStore(), 2.5, self._fleet, lambda _: None)
        self._pods: dict[tuple[str, int], MeteredStore] = {}
        self._now = self.begin

    def _tell(self) -> list[Story]:
        """Every run by whichever GPU is free first; some are interrupted, some diverge or fail."""
        free = [self.begin + 20 * number for number in range(self.size.gpus)]
        stories = []
        for place, run in enumerate(self.plan.runs):
            story = Story(run)
            stories.append(story)
            gpu = min(range(len(free)), key=free.__getitem__)
            if place % 40 == 7:
                at = free[gpu]
                story.told.append(Told(at, at + 25, "configuration", 0))
                story.status = "failed"
                free[gpu] = at + 60
                continue
            free[gpu] = self._train(story, free[gpu], diverges=place % 40 == 5) + 25
        return stories

    def _train(self, story: Story, at: float, *, diverges: bool) -> float:
        chance, size = self._random, self.size
        gain, best, epoch = self._gain(story.run), 0.0, 0
        end = chance.randint(int(size.epochs * 0.6), size.epochs)
        seconds = size.epoch_seconds * chance.uniform(0.85, 1.2)
        while True:
            told = Told(at, math.inf, "finished", epoch)
            story.told.append(told)
            at += 14
            stop = epoch + chance.randint(2, size.epochs // 2) if chance.random() < 1 / size.mishaps else end
            while epoch < min(stop, end):
                at += seconds * chance.uniform(0.97, 1.04)
                epoch += 1
                row = self._row(epoch, gain, best)
                best = max(best, row.validation.mean_over_images.iou)
                timing = EpochTiming(
                    epoch=epoch,
                    seconds=seconds,
                    images_per_second=IMAGES / (seconds * 0.86) * chance.uniform(0.96, 1.03),
                    phases={
                        "data": seconds * 0.05,
                        "step": seconds * 0.81,
                        "validation": seconds * 0.1,
                        "checkpoint": 0.4,
                    },
                )
                told.done.append((at, row, timing))
                if diverges and epoch == size.epochs // 3:
                    told.ended, told.cause, story.status = at + 3, "diverged", "diverged"
                    return at + 3
            told.ended = at + 9
            if epoch >= end:
                return told.ended
            told.cause = chance.choice(["interrupted", "interrupted", "lost", "cuda-oom", "store"])
            epoch = max(0, epoch - (told.cause == "lost"))
            at = told.ended + 45

    def _gain(self, run: PlannedRun) -> tuple[float, float]:
        role = run.roles[0]
        level = 0.0 if role.baseline else random.Random(role.level).uniform(-0.09, 0.035)
        return 0.874 + level + self._random.gauss(0, 0.006), self._random.uniform(
            4, 8
        ) * self.size.epochs / 40

    def _row(self, epoch: int, gain: tuple[float, float], best: float) -> EpochRow:
        top, pace = gain
        iou = top * (1 - 0.85 * math.exp(-epoch / pace)) + self._random.gauss(
            0, 0.012 * math.exp(-epoch / 25)
        )
        loss = 0.05 + 0.55 * math.exp(-epoch / pace) + self._random.uniform(0, 0.01)
        falls = epoch > self.size.epochs * 0.6
        return EpochRow(
            epoch=epoch,
            learning_rate=1e-5 if falls else 1e-4,
            train=_phase(min(iou + 0.02, 0.99), loss * 0.8),
            validation=_phase(iou, loss),
            best=iou > best,
        )

    def exposition(self) -> Iterator[str]:
        """OpenMetrics, with times, of everything that is scraped until NOW."""
        at = self.begin - self.size.scrape
        while at < NOW:
            at += self.size.scrape
            self._now = at
            with _clock(at):
                for target, page in self._pages():
                    yield from _stamped(page, target, at)
        yield "# EOF\n"

    def _pages(self) -> Iterator[tuple[str, str]]:
        now, study = self._now, self.size.study
        runs: dict[str, RunSummary] = {}
        live: list[tuple[Story, tuple[Attempt, ...], tuple[EpochRow, ...]]] = []
        for story in self.stories:
            attempts, history, result = story.at(now, study)
            if attempts:
                runs[story.run.key] = summarise(attempts, history, result, _saved(story, now))
                if attempts[-1].cause == "running":
                    live.append((story, attempts, history))
        for story, attempts, history in live:
            pod = f"{study}-train-{story.run.key}-{len(attempts)}"
            target = f'job="kvjob-train",namespace="{NAMESPACE}",pod="{pod}",instance="{pod}:9108"'
            yield target, self._pod(story, attempts, history)
        objects = sum(8 + 3 * len(summary.attempts) for summary in runs.values())
        seen = Seen({study: self._named}, runs, objects, 0.02 + objects / 8000)
        self._exporter._watch = SimpleNamespace(look=lambda: seen)  # type: ignore[assignment]
        _count(self._exporter._store, {"list": 1, "read": max(1, len(live))})
        self._exporter.refresh()
        target = (
            f'job="kvjob-exporter",namespace="{NAMESPACE}",pod="kvjob-exporter-1",instance="exporter:9109"'
        )
        yield target, self._exporter.page().decode()

    def _pod(self, story: Story, attempts: tuple[Attempt, ...], history: tuple[EpochRow, ...]) -> str:
        told, now = story.told[len(attempts) - 1], self._now
        done = [at for at, _, _ in told.done if at <= now]
        began = done[-1] if done else told.began + 14
        metered = self._pods.setdefault((story.run.key, len(attempts)), MeteredStore(_NoStore()))
        _count(metered, {"write": 3, "upload": 2, "list": 1, "delete": 2, "read": 1})
        if self._random.random() < 0.01:
            metered._errors["upload"] += 1
        share = min(1.0, max(0.0, (now - began) / self.size.epoch_seconds))
        steps = IMAGES // story.run.config.batch_size
        collector = RunCollector(
            Live(
                watched=True,
                study=self.size.study,
                run=story.run,
                attempts=attempts,
                history=history,
                epoch_began=began,
                step=int(share * steps),
                steps=steps,
                progressed=now - self._random.uniform(0.1, 4),
                checkpoint=_saved(story, now),
                gpu=lambda: Gpu(
                    int(self._random.uniform(7.8, 8.1) * 2**30), self._random.uniform(0.86, 0.97)
                ),
            ),
            metered,
        )
        registry = CollectorRegistry()
        registry.register(collector)
        return generate_latest(registry).decode()

    def _fleet(self, _: Sequence[str]) -> Any:
        begun = [story for story in self.stories if story.told and story.told[0].began <= self._now]
        training = sum(told.began <= self._now < told.ended for story in begun for told in story.told)
        left = len(self.stories) - len(begun)
        waiting = {
            (self.size.study, "no free nvidia.com/gpu"): min(left, 4),
            (self.size.study, "at most 8 at once"): max(0, left - 4),
        }
        bound = float(min(training, self.size.gpus))
        gpus = {"allocatable": self.size.gpus + 2.0, "requested": bound + min(left, 4), "bound": bound}
        return SimpleNamespace(waiting={k: v for k, v in waiting.items() if v}, gpus=gpus, trouble="")


class _NoStore:
    url = "s3://made-up"


def _phase(iou: float, loss: float) -> PhaseScores:
    scores = Scores(
        iou=iou,
        dice=2 * iou / (1 + iou),
        precision=min(0.999, iou + 0.07),
        recall=min(0.999, iou + 0.05),
        accuracy=1 - (1 - iou) * 0.12,
    )
    return PhaseScores(loss=loss, mean_over_images=scores, over_all_pixels=scores)


def _saved(story: Story, now: float) -> Saved | None:
    done = [at for told in story.told for at, _, _ in told.done if at <= now]
    return Saved(min(now, max(done) + 2), 318 * 2**20) if done else None


def _count(store: MeteredStore, calls: dict[str, int]) -> None:
    seconds = {"list": 0.12, "read": 0.012, "write": 0.03, "upload": 0.7, "delete": 0.02}
    for operation, number in calls.items():
        store._calls[operation] += number
        store._seconds[operation] += number * seconds[operation] * random.uniform(0.8, 1.3)


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@contextmanager
def _clock(now: float) -> Iterator[None]:
    fixed = SimpleNamespace(now=lambda _: _time(now))
    with patch("time.time", return_value=now), patch("kvjob.observe.exporter.datetime", fixed):
        yield


def _stamped(page: str, target: str, at: float) -> Iterator[str]:
    for line in page.splitlines():
        if line.startswith("#"):
            continue
        series, _, value = line.rpartition(" ")
        name, brace, labels = series.partition("{")
        own = f",{labels[:-1]}" if brace else ""
        yield f"{name}{{{target}{own}}} {value} {at}\n"
