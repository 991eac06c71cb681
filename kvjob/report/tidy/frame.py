"""A tidy table: one row per observation, typed columns that say what they mean."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from kvjob.errors import shown

Kind = Literal["text", "integer", "number", "boolean", "time"]
_DTYPES = {"integer": "Int64", "number": "Float64", "boolean": "boolean"}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a tidy table."""

    name: str
    kind: Kind
    meaning: str
    """What it is, in which unit."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """A tidy table; a cell without a value is missing, whatever its type."""

    name: str
    """Stem of its files."""
    title: str
    """What one row is."""
    columns: tuple[Column, ...]
    frame: pd.DataFrame


Cell = tuple[Column, Any]


def dataset(name: str, title: str, rows: Iterable[list[Cell]], always: Iterable[Column] = ()) -> Dataset:
    """A table of rows that name their own columns, in the order in which these are first met.

    Args:
        name: stem of its files.
        title: what one row is.
        rows: cells of each row; a column that a row leaves out is missing there.
        always: columns that are there even if no row is.
    """
    columns = {column.name: column for column in always}
    values: list[dict[str, Any]] = []
    for row in rows:
        columns |= {column.name: column for column, _ in row if column.name not in columns}
        values.append({column.name: value for column, value in row})
    frame = pd.DataFrame(
        {column.name: series(column, [row.get(column.name) for row in values]) for column in columns.values()}
    )
    return Dataset(name, title, tuple(columns.values()), frame)


def series(column: Column, values: Any) -> pd.Series:
    """Values in the column's type; text without what steers a terminal, and nothing where it is empty."""
    match column.kind:
        case "text":
            # Many rows say the same: each text is kept once.
            known: dict[str, str | None] = {}
            texts = [
                None if value is None else known.setdefault(str(value), shown(str(value), kept="") or None)
                for value in values
            ]
            return pd.Series(texts, dtype=object)
        case "time":
            return pd.Series(pd.to_datetime(pd.Series(values, dtype=object), utc=True)).astype(
                "datetime64[us, UTC]"
            )
        case kind:
            return pd.Series(values, dtype=_DTYPES[kind])
