"""Verbs that need what only the `train` extra brings."""

from collections.abc import Iterator
from contextlib import contextmanager

from kvjob.errors import ConfigurationError


@contextmanager
def torch_needed(verb: str) -> Iterator[None]:
    """Say how to install what is missing, if an import inside fails for it."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] == "kvjob":
            raise
        raise ConfigurationError(
            f"{error.name!r} is not installed", where=f"kvjob {verb}", fix="Install kvjob[train]"
        ) from None
