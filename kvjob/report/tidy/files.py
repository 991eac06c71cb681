"""Tidy tables as files: CSV for everybody, Parquet for programs; equal tables are equal bytes."""

import warnings
from collections.abc import Iterable, Iterator
from io import BytesIO

import fastparquet

from kvjob.report.tables.formats import inert
from kvjob.report.tidy.frame import Column, Dataset, dataset

DATA = "data"
"""Folder of the files, below the report's."""

_TABLE = Column("table", "text", "Name of the table.")
_COLUMN = Column("column", "text", "Name of the column.")
_KIND = Column("type", "text", "text, integer, number, boolean, or time (UTC).")
_MEANING = Column("meaning", "text", "What it is, in which unit.")


def data_files(tables: Iterable[Dataset]) -> Iterator[tuple[str, str | bytes]]:
    """Path below the report's folder and content of every file; the last one is a list of all columns."""
    words = []
    for table in tables:
        yield f"{DATA}/{table.name}.csv", to_csv(table)
        yield f"{DATA}/{table.name}.parquet", to_parquet(table)
        words += [
            [(_TABLE, table.name), (_COLUMN, item.name), (_KIND, item.kind), (_MEANING, item.meaning)]
            for item in table.columns
        ]
    yield f"{DATA}/columns.csv", to_csv(dataset("columns", "One row per column of each table.", words))


def to_csv(table: Dataset) -> str:
    """Full precision, empty where there is no value; text that a spreadsheet would run gets an apostrophe."""
    frame = table.frame
    texts = {
        column.name: frame[column.name].map(inert, na_action="ignore")
        for column in table.columns
        if column.kind == "text"
    }
    return frame.assign(**texts).to_csv(index=False, lineterminator="\n")


def to_parquet(table: Dataset) -> bytes:
    """The same content with its types: UTF-8 text, 64-bit integers and floats, times in UTC microseconds."""
    out = _Kept()
    frame = table.frame.astype({column.name: float for column in table.columns if column.kind == "number"})
    texts = {column.name: "utf8" for column in table.columns if column.kind == "text"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # between fastparquet and pandas
        fastparquet.write(
            table.name,
            frame,
            compression="GZIP",
            write_index=False,
            object_encoding=texts,
            has_nulls=True,
            open_with=lambda *_: out,
        )
    return out.getvalue()


class _Kept(BytesIO):
    """A file in memory that can still be read once its writer has closed it."""

    def close(self) -> None:
        """Nothing is given up."""
