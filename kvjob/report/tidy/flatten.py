"""From the models of report.json to columns, by their own fields, types and descriptions."""

import re
from datetime import datetime
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import AwareDatetime, BaseModel
from pydantic_core import to_json

from kvjob.report.meanings import MEANINGS
from kvjob.report.tidy.frame import Cell, Column, Kind
from kvjob.study.scores import SCORES

_KEYS = {
    "mean_over_images": ("loss", *SCORES),
    "over_all_pixels": SCORES,
    "phases": ("data", "step", "validation", "checkpoint"),
}
"""Mappings whose keys are always the same: their columns are there before the first value is."""
_SCALARS: dict[Any, Kind] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "text",
    datetime: "time",
    AwareDatetime: "time",
}
_ODD = re.compile(r"[^A-Za-z0-9_]+")


def cells(
    kind: type[BaseModel], value: BaseModel | None, prefix: str = "", skip: tuple[str, ...] = ()
) -> list[Cell]:
    """The fields of a model as cells, nested ones joined by `_`; all are missing if there is no value.

    A mapping gives a column per key if its keys are known or its values are models, a tuple of fixed length
    one per place, a tuple of texts or numbers one text with `; ` between them; anything else is JSON.

    Args:
        kind: the model.
        value: one of it.
        prefix: put before every name.
        skip: fields left out.
    """
    found: list[Cell] = []
    for name, field in kind.model_fields.items():
        if name not in skip:
            held = getattr(value, name) if value is not None else None
            meaning = " ".join((field.description or MEANINGS.get(name, "")).split())
            found += _cells(f"{prefix}{name}", field.annotation, held, meaning)
    return found


def _cells(name: str, annotation: Any, value: Any, meaning: str) -> list[Cell]:
    kind = _plain(annotation)
    origin = get_origin(kind)
    if kind in _SCALARS:
        return [_cell(name, _SCALARS[kind], value, meaning)]
    if origin is Literal:
        return [_cell(name, _SCALARS[type(get_args(kind)[0])], value, meaning)]
    if _is_model(kind):
        return [
            (Column(column.name, column.kind, " ".join(filter(None, (meaning, column.meaning)))), held)
            for column, held in cells(kind, value, f"{name}_")
        ]
    if origin is dict and (keys := _keys(name, kind, value)) is not None:
        return [
            cell
            for key in keys
            for cell in _cells(
                f"{name}_{key}", get_args(kind)[1], _held(kind, value, key), f"{meaning} ({key})".strip()
            )
        ]
    if origin is tuple:
        return _places(name, get_args(kind), value, meaning)
    return [_cell(name, "text", None if value is None else _json(value), meaning)]


def _places(name: str, kinds: tuple[Any, ...], value: tuple[Any, ...] | None, meaning: str) -> list[Cell]:
    if ... not in kinds:
        held = value or (None,) * len(kinds)
        return [
            cell
            for place, (kind, each) in enumerate(zip(kinds, held, strict=True), 1)
            for cell in _cells(f"{name}_{place}", kind, each, f"{meaning} ({place})".strip())
        ]
    if value is None or _is_scalar(kinds[0]):
        return [_cell(name, "text", None if value is None else "; ".join(map(str, value)), meaning)]
    return [_cell(name, "text", _json(value), meaning)]


def _cell(name: str, kind: Kind, value: Any, meaning: str) -> Cell:
    return Column(_ODD.sub("_", name)[:80], kind, meaning), value


def _plain(annotation: Any) -> Any:
    """The type without None and without what pydantic checks; int where a float may be is a float."""
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        kinds = [_plain(kind) for kind in get_args(annotation) if kind is not NoneType]
        return kinds[0] if len(kinds) == 1 else float if set(kinds) == {int, float} else Any
    return annotation


def _keys(name: str, annotation: Any, value: Any) -> tuple[str, ...] | None:
    """Names of a mapping's columns; None if it is to be one text."""
    if known := next((keys for stem, keys in _KEYS.items() if name.endswith(stem)), ()):
        return known
    key, held = (_plain(kind) for kind in get_args(annotation))
    if get_origin(key) is Literal:
        return get_args(key)
    return tuple(value or ()) if _is_model(held) else None


def _held(annotation: Any, value: dict[str, Any] | None, key: str) -> Any:
    """What a mapping holds; a count of kinds leaves out those of which there is none."""
    if value is not None and _plain(get_args(annotation)[1]) is int:
        return value.get(key, 0)
    return (value or {}).get(key)


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _is_scalar(annotation: Any) -> bool:
    kind = _plain(annotation)
    return kind in _SCALARS or get_origin(kind) is Literal


def _json(value: Any) -> str:
    return to_json(value).decode()
