"""From what a user names or writes to a study."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from kvjob.errors import ConfigurationError
from kvjob.experiments.catalogue import STUDIES, experiment, fit_preset
from kvjob.experiments.plain import plain_values
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
    rename: str | None = None,
) -> Study:
    """The study that name stands for: a built-in one, or YAML with the same fields.

    Args:
        name: `paper`, `all-experiments`, an experiment's name (that experiment alone), a path that ends in
            .yaml or .yml, or the YAML itself, which is told by its colons: a mapping has some.
        preset: replaces the study's preset.
        seeds: replaces the study's number of replicates.
        only: names of the experiments to keep; all if empty.
        base: fields of TrainConfig to set over the study's base.
        rename: the study's name in the store, instead of its own.

    Raises:
        ConfigurationError: there is no such study, or a field is refused.
    """
    where, values = _values(name)
    changes = {"preset": preset, "seeds": seeds, "name": rename}
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
    if (study := STUDIES.get(name.replace("_", "-"))) is not None:
        return f"study {name!r}", {field: getattr(study, field) for field in Study.model_fields}
    if name.endswith((".yaml", ".yml")):
        return name, _parse_yaml(_read(Path(name)), name)
    if ":" in name:
        return "study", _parse_yaml(name, "study")
    raise ConfigurationError(
        f"unknown study {name!r}",
        where="study",
        fix=f"Choose one of {', '.join(STUDIES)}, or name a file that ends in .yaml",
    )


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise ConfigurationError(
                "too large for a study", where=str(path), fix=f"Keep it below {MAX_BYTES} bytes"
            )
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_yaml(error, str(path)) from None
    except (OSError, ValueError) as error:  # of a name with a NUL byte
        raise ConfigurationError(
            getattr(error, "strerror", None) or "cannot be read",
            where=str(path),
            fix="Name a study file that exists",
        ) from None


def _parse_yaml(text: str, where: str) -> dict[str, Any]:
    try:
        values = plain_values(text)
    except ValueError as error:
        raise _not_yaml(error, where) from None
    return values if isinstance(values, dict) else parse_study(values, where).model_dump()


def _not_yaml(error: Exception, where: str) -> ConfigurationError:
    reason = " ".join(str(error).split())[:300]
    return ConfigurationError(f"not YAML: {reason}", where=where, fix="Correct it; README shows an example")


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
