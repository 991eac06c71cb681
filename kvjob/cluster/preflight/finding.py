"""What a look before the start found: one line each, whether good or bad."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from kvjob.errors import ConfigurationError, DataError, ExitCode, KvjobError, StoreError


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    level: Literal["ok", "warning", "failure"]
    """A `failure` would end the study, or keep it waiting for ever; a `warning` is for a human to judge."""
    what: str
    """What was found, as a sentence without a full stop."""
    where: str
    """Object or field that it is about."""
    fix: str = ""
    """What to do, as a sentence without a full stop; empty if nothing."""
    exit_code: ExitCode = ExitCode.OK
    """Of a failure."""

    def __str__(self) -> str:
        text = f"{self.level}: {self.where}: {self.what}"
        return f"{text}. {self.fix}." if self.fix else text


def ok(what: str, where: str) -> Finding:
    """Something that is as it must be."""
    return Finding("ok", what, where)


def warning(what: str, where: str, fix: str) -> Finding:
    """Something for a human to judge."""
    return Finding("warning", what, where, fix)


def failure(what: str, where: str, fix: str) -> Finding:
    """Something in the cluster that would end the study."""
    return Finding("failure", what, where, fix, ExitCode.CONFIGURATION)


def of_error(error: KvjobError) -> Finding:
    """The failure that an error tells of."""
    return Finding("failure", error.what, error.where, error.fix, error.exit_code)


def unknown(error: KvjobError) -> Finding:
    """Something that could not be looked at."""
    return warning(f"could not be checked: {error.what}", error.where, error.fix)


def exit_code(findings: Iterable[Finding]) -> ExitCode:
    """0, or the code of a failure: first the ones for which trying again is no use."""
    found = {finding.exit_code for finding in findings}
    order = (ExitCode.CONFIGURATION, ExitCode.DATA, ExitCode.STORE)
    return next((code for code in order if code in found), ExitCode.OK)


def require(findings: Iterable[Finding], where: str) -> None:
    """Do nothing if no finding is a failure.

    Args:
        findings: of a preflight.
        where: the cluster or namespace that was looked at.

    Raises:
        ConfigurationError: some are, and about the cluster; all of them are told.
        DataError: some are, about the data set at the worst.
        StoreError: some are, about the store only.
    """
    failures = [finding for finding in findings if finding.level == "failure"]
    if not failures:
        return
    kinds: dict[ExitCode, type[KvjobError]] = {ExitCode.DATA: DataError, ExitCode.STORE: StoreError}
    kind = kinds.get(exit_code(failures), ConfigurationError)
    told = "; ".join(f"{failed.where}: {failed.what}" for failed in failures)
    raise kind(told, where=where, fix="; ".join(dict.fromkeys(failed.fix for failed in failures)))
