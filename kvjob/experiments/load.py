"""From what a user names or writes to a study."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from kvjob.errors import ConfigurationError
from kvjob.experiments.catalogue import STUDIES, experiment, fit_preset
from kvjob.study import Study
from kvjob.study.config import refused

MAX_BYTES = 1_000_000
"""Size of the largest study file that is read."""


def load_study(
    name: str,
    *,
    preset: str | None = None,
    seeds: int | None = None,
    only: list[str] | None = None,
    base: dict[str, Any] | None = None,
) -> Study:
    """The study that name stands for: a built-in one, or a YAML file with the same fields.

    Args:
        name: `paper`, `all-experiments`, or a path that ends in .yaml or .yml.
        preset: replaces the study's preset.
        seeds: replaces the study's number of replicates.
        only: names of the experiments to keep; all if empty.
        base: fields of TrainConfig to set over the study's base.

    Raises:
        ConfigurationError: there is no such study, or a field is refused.
    """
    where, values = _values(name)
    changes = {"preset": preset, "seeds": seeds}
    values |= {field: value for field, value in changes.items() if value is not None}
    if base:
        values["base"] = {**(values.get("base") or {}), **base}
    return _only(parse_study(values, where), only or [])


def parse_study(values: Any, where: str) -> Study:
    """A study from plain values; an experiment may be a name of the catalogue."""
    if not isinstance(values, dict):
        raise ConfigurationError(
            f"a study is a mapping, not {type(values).__name__}",
            where=where,
            fix="Write fields such as 'name:' and 'experiments:'",
        )
    named = values.get("experiments")
    if isinstance(named, list | tuple):
        found = [experiment(item) if isinstance(item, str) else item for item in named]
        values = {**values, "experiments": found}
    try:
        study = Study.model_validate(values)
    except ValidationError as error:
        raise refused(error, where, sorted(Study.model_fields)) from None
    names = [item.name for item in study.experiments]
    if len(set(names)) != len(names):
        raise ConfigurationError(
            f"an experiment is named twice in {', '.join(names)}", where=where, fix="Give each its own name"
        )
    fitted = tuple(fit_preset(item, study.preset) for item in study.experiments)
    return study.model_copy(update={"experiments": fitted})


def _values(name: str) -> tuple[str, dict[str, Any]]:
    if name in STUDIES:
        return f"study {name!r}", {field: getattr(STUDIES[name], field) for field in Study.model_fields}
    if not name.endswith((".yaml", ".yml")):
        raise ConfigurationError(
            f"unknown study {name!r}",
            where="study",
            fix=f"Choose one of {', '.join(STUDIES)}, or name a file that ends in .yaml",
        )
    return name, _read_yaml(Path(name))


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigurationError(
                "too large for a study", where=str(path), fix=f"Keep it below {MAX_BYTES} bytes"
            )
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(
            error.strerror or "cannot be read", where=str(path), fix="Name a study file that exists"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        reason = " ".join(str(error).split())[:300]
        raise ConfigurationError(
            f"not YAML: {reason}", where=str(path), fix="Correct the file; README shows an example"
        ) from None
    return values if isinstance(values, dict) else parse_study(values, str(path)).model_dump()


def _only(study: Study, only: list[str]) -> Study:
    names = [item.name for item in study.experiments]
    for name in only:
        if name not in names:
            raise ConfigurationError(
                f"study {study.name!r} has no experiment {name!r}",
                where="--only",
                fix=f"Choose from {', '.join(names)}",
            )
    kept = tuple(item for item in study.experiments if not only or item.name in only)
    return study.model_copy(update={"experiments": kept})
