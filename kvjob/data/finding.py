"""Findings: what is wrong with a data set, file by file."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from kvjob.errors import DataError, shown

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or odd, in a data set."""

    severity: Literal["error", "warning"]
    """An `error` keeps the data set from being used; a `warning` is for a human to judge."""
    file: str
    """The file, relative to the data set."""
    message: str
    """What is wrong with it, as a sentence without a full stop."""

    def __str__(self) -> str:
        return f"{self.severity}: {self.file}: {self.message}"


def error(file: str, message: str) -> Finding:
    """A finding that keeps the data set from being used."""
    return Finding("error", shown(file, kept=""), shown(message, kept=""))


def warning(file: str, message: str) -> Finding:
    """A finding for a human to judge."""
    return Finding("warning", shown(file, kept=""), shown(message, kept=""))


def require(findings: Iterable[Finding], where: str) -> None:
    """Do nothing if no finding is an error.

    Args:
        findings: of `check`.
        where: the data set, as its user named it.

    Raises:
        DataError: some are; it lists the first few and says how many more there are.
    """
    errors = [finding for finding in findings if finding.severity == "error"]
    if not errors:
        return
    listed = "; ".join(f"{finding.file}: {finding.message}" for finding in errors[:SHOWN])
    more = f"; and {len(errors) - SHOWN} more" if len(errors) > SHOWN else ""
    raise DataError(
        f"{len(errors)} {'error' if len(errors) == 1 else 'errors'}: {listed}{more}",
        where=where,
        fix=f"Correct them; `kvjob data check {where}` lists all",
    )
