"""Where a report comes from: sources, libraries, devices, times, and the commands that make it again."""

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict

import kvjob
from kvjob.errors import ConfigurationError
from kvjob.experiments import STUDIES, load_study
from kvjob.experiments.plain import plain_values
from kvjob.report.dataset import DatasetKind
from kvjob.report.read import StudyData
from kvjob.study import plan
from kvjob.study.code import code_hash

STUDY_FILE = "study.yaml"
"""The study as it was planned, beside the page."""
_LIBRARIES = ("numpy", "pandas", "scipy", "matplotlib", "pydantic", "jinja2", "fastparquet")


class Command(BaseModel):
    """A line for a shell, in a folder that has the report's study file."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    purpose: str
    """What it does, as a sentence without a full stop."""
    line: str
    """What to type."""


class Origin(BaseModel):
    """What a reader needs to judge the report, and to make it again."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    commit: str
    """Commit of the kvjob that made the report, with `-dirty` if sources were changed; empty if unknown."""
    code: str
    """Hash of the sources that decide a result, in the kvjob that made the report."""
    image: str
    """Reference of the container image that made the report, empty outside a container."""
    libraries: dict[str, str]
    """Version of each library that computed and drew the report."""
    first_start: AwareDatetime | None
    """When the first attempt of any run began."""
    last_end: AwareDatetime | None
    """When the last attempt ended, or was last heard of."""
    commands: tuple[Command, ...]
    """In their order, from the data to the report."""


def origin(data: StudyData, kind: DatasetKind) -> Origin:
    """The origin of the report that is being made of a study."""
    attempts = [attempt for run in data.runs for attempt in run.attempts]
    return Origin(
        commit=_commit(),
        code=code_hash(),
        image=os.environ.get("KVJOB_IMAGE", ""),
        libraries={name: version(name) for name in _LIBRARIES},
        first_start=min((attempt.started for attempt in attempts), default=None),
        last_end=max((attempt.ended or attempt.last_seen for attempt in attempts), default=None),
        commands=tuple(_commands(data, kind)),
    )


@cache
def _commit() -> str:
    """What the image was built from, or what the checkout that holds this file is at."""
    root, git = Path(kvjob.__file__).parents[1], shutil.which("git")
    if (told := os.environ.get("KVJOB_REVISION")) or git is None or not (root / ".git").exists():
        return told or ""
    command = [git, "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--exclude", "*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _commands(data: StudyData, kind: DatasetKind) -> Iterator[Command]:
    name = data.plan.study.name
    place = "--data data --store store"
    purpose, line, on_cluster = _data(data, kind)
    yield Command(purpose=purpose, line=line)
    yield Command(
        purpose="See the plan: the keys are this report's if images, configuration and code are the same",
        line=f"kvjob plan {STUDY_FILE} {place}",
    )
    yield Command(
        purpose="Train every run, and make the report of what they leave",
        line=f"kvjob run {STUDY_FILE} {place} --out report",
    )
    if short := _options(data):
        yield Command(
            purpose="The same without the study's file, which this study can do without",
            line=f"kvjob run {short} {place} --out report",
        )
    yield Command(
        purpose="Train a single run, by its key in the list of runs",
        line=f"kvjob train {data.plan.runs[0].key} --study {name} --store store",
    )
    yield Command(
        purpose="Make the report again from what the store holds",
        line=f"kvjob report {name} --store store --out report",
    )
    yield Command(
        purpose="Train and report on Kubernetes, one pod per run",
        line=f"argo submit --from workflowtemplate/kvjob-study -n kvjob -p study=\"$(cat {STUDY_FILE})\" "
        f"-p data={on_cluster}",
    )  # fmt: skip


def _data(data: StudyData, kind: DatasetKind) -> tuple[str, str, str]:
    """Purpose and line of the command that brings the images, and what a workflow calls them."""
    total = sum(data.record.image_counts.values())
    if kind == "synthetic":
        purpose = "Make the synthetic scenes again; add --seed if they were made with another than 0"
        return purpose, f"kvjob data synth data --images {total}", f"synthetic:{total}"
    if kind == "official counts":
        purpose = "Bring Kvasir-Instrument, if that is what the study ran on"
        return purpose, "kvjob data fetch data", "kvasir"
    purpose = f"Check the folder data, which must hold the study's {total} images"
    return purpose, "kvjob data check data", "store:KEY"


def _options(data: StudyData) -> str | None:
    """A built-in study's name with the options that make it this study, if there are such."""
    study = data.plan.study
    if study.name not in STUDIES:
        return None
    names = [experiment.name for experiment in study.experiments]
    only = [] if len(names) == len(STUDIES[study.name].experiments) else names
    try:
        found = load_study(study.name, preset=study.preset, seeds=study.seeds, only=only, base=study.base)
        if plan(found, "", "").study != study:
            return None
    except ConfigurationError:
        return None
    settings = {key: _setting(value) for key, value in study.base.items()}
    if any(_read(text) != study.base[key] for key, text in settings.items()):
        return None
    options = [study.name, "--preset", study.preset, "--seeds", str(study.seeds)]
    options += [word for name in only for word in ("--only", name)]
    options += [word for key, text in settings.items() for word in ("--set", f"{key}={text}")]
    return shlex.join(options)


def _setting(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _read(text: str) -> Any:
    """A setting as the command line reads it."""
    try:
        return plain_values(text)
    except ValueError:
        return text
