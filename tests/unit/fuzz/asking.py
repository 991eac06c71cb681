"""The command line in this process, and what holds whatever it is given."""

import contextlib
import io
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from unittest import mock

from kvjob.cli import main

CODES = {0, 1, 65, 74, 75, 78}
"""Those of the design that do not say that kvjob has a defect."""


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


def ask(*arguments: object, environment: Mapping[str, str] | None = None) -> Said:
    """Run a verb; it ends with a code of the design, at most one error, and nothing steers the terminal."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    before = signal.getsignal(signal.SIGTERM)
    try:
        with (
            mock.patch.object(sys, "argv", ["kvjob", *map(str, arguments)]),
            mock.patch.dict(os.environ, environment or {}),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            main()
    except SystemExit as end:
        said = Said(int(end.code or 0), _text(out), _text(err))
    finally:
        signal.signal(signal.SIGTERM, before)
    assert said.code in CODES, said
    assert "Traceback" not in said.out + said.err, said
    errors = [line for line in said.err.splitlines() if line.startswith("error: ")]
    found = "error: " in said.out  # by `data check`, which is no failure of its own
    assert len(errors) == (said.code not in (0, 1) and not found), said
    assert all(sign.isprintable() or sign in "\n\t" for sign in said.out + said.err), said
    return said


def _text(stream: io.TextIOWrapper) -> str:
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode("utf-8")
