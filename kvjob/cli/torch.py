"""Verbs that need what only an extra brings."""

from collections.abc import Iterator
from contextlib import contextmanager

from kvjob.errors import ConfigurationError

ONNX_EXTRA = frozenset({"onnx", "onnxruntime", "onnxscript"})
"""Packages of the extra `onnx`; what else may be missing is of `train`."""


@contextmanager
def torch_needed(verb: str) -> Iterator[None]:
    """Say how to install what is missing, if an import inside fails for it."""
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").split(".")[0]
        if package in ("", "kvjob"):
            raise
        extra = "onnx" if package in ONNX_EXTRA else "train"
        raise ConfigurationError(
            f"{error.name!r} is not installed", where=f"kvjob {verb}", fix=f"Install kvjob[{extra}]"
        ) from None
