"""A table before it has a format: typed cells, and how each type reads in print."""

from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from kvjob.report.bootstrap import Difference, Interval
from kvjob.report.measure import POINTS, Measure


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many."""

    done: int
    of: int


@dataclass(frozen=True, slots=True)
class Points:
    """A difference of two scores, as a fraction of 1; shown in points."""

    fraction: float


Value = str | int | float | Measure | Difference | Interval | Points | Share | None
"""What a cell holds; None is a value that does not exist (yet)."""

ABSENT = "–"
NOT_AT_HAND = "not at hand"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its key in CSV, and its head in print."""

    key: str
    title: str
    digits: int = 3
    """Decimals of measures and differences."""
    scale: float = 1
    """What a number or measure is multiplied with in print: POINTS for a difference of scores."""
    numeric: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """One row. A column whose key is not in cells is left empty."""

    name: str
    """Key of the row in files; the published row of a level has the level's."""
    title: str
    cells: dict[str, Value]
    kind: Literal["measured", "published"] = "measured"
    marks: tuple[str, ...] = ()
    """What is said of the whole row: `baseline`, `test-steered`, …"""

    def text(self, column: Column) -> str:
        """The cell in print."""
        if column.key not in self.cells:
            return ""
        value = self.cells[column.key]
        if self.kind == "published" and value is None:
            return NOT_AT_HAND
        if self.kind == "published" and isinstance(value, float):
            return f"{value}"  # As many decimals as were printed.
        return text(value, column.digits, column.scale)


@dataclass(frozen=True, slots=True)
class Part:
    """Some columns of a table, printed side by side."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the report; its parts share the first column."""

    name: str
    """Stem of its files."""
    label: str
    """`Table II`."""
    title: str
    head: str
    """Head of the first column."""
    parts: tuple[Part, ...]
    notes: tuple[str, ...] = field(default=())


def heads(table: Table, part: Part) -> list[str]:
    """The heads of a part's columns, the first column's included."""
    return [table.head, *(column.title for column in part.columns)]


def texts(row: Row, columns: tuple[Column, ...]) -> list[str]:
    """The cells of a row in print; the first has its title and what is said of the whole row."""
    marks = [mark for mark in row.marks if mark != "total"]
    return [
        row.title + (f" ({', '.join(marks)})" if marks else ""),
        *(row.text(column) for column in columns),
    ]


def text(value: Value, digits: int, scale: float = 1) -> str:
    """A value in print: fixed decimals, a true minus sign, a dash for nothing; a difference in points."""
    match value:
        case None:
            return ABSENT
        case str():
            return value
        case int():
            return f"{value:,}"
        case float():
            return _signless(value * scale, digits)
        case Share(done=done, of=of):
            return f"{done}" if done == of else f"{done} of {of}"
        case Points(fraction=fraction):
            return signed(fraction * POINTS, 1)
        case Interval(mean=mean, low=low, high=high):
            return f"{_signless(mean, digits)} [{_signless(low, digits)}, {_signless(high, digits)}]"
        case Measure(mean=mean, std=std):
            spread = "" if std is None else f" ± {std * scale:.{digits}f}"
            return _signless(mean * scale, digits) + spread
        case Difference(mean=mean, low=low, high=high):
            return "{} [{}, {}]".format(*(signed(POINTS * each, digits) for each in (mean, low, high)))


def signed(value: float, digits: int = 3) -> str:
    """A difference with its sign; what rounds to zero has none."""
    shown = f"{value:+.{digits}f}"
    return (shown[1:] if float(shown) == 0 else shown).replace("-", "−")


def roman(number: int) -> str:
    """1 to 3999 in Roman numerals."""
    steps = {1000: "M", 900: "CM", 500: "D", 400: "CD", 100: "C", 90: "XC", 50: "L", 40: "XL"}
    steps |= {10: "X", 9: "IX", 5: "V", 4: "IV", 1: "I"}
    result = ""
    for value, letters in steps.items():
        count, number = divmod(number, value)
        result += letters * count
    return result


def unroman(numeral: str) -> int | None:
    """The number that roman writes so; None if it is no such numeral."""
    return _numerals().get(numeral)


@cache
def _numerals() -> dict[str, int]:
    return {roman(number): number for number in range(1, 4000)}


def _signless(value: float, digits: int) -> str:
    return f"{value:.{digits}f}".replace("-", "−")
