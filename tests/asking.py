"""The command line in this process, and what holds whatever it is given.

A process of its own takes a second to start, or five where it trains: `tests.integration.study.kvjob` is for
what only a process can promise.
"""

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
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
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
        for number, handler in before.items():
            signal.signal(number, handler)
    assert said.code in CODES, said
    shown = "" if arguments[0] == "logs" else said.out  # what a trainer left may well be a traceback
    assert "Traceback" not in shown + said.err, said
    errors = [line for line in said.err.splitlines() if line.startswith("error: ")]
    found = "error: " in said.out  # by `data check`, which is no failure of its own
    assert len(errors) == (said.code not in (0, 1) and not found), said
    assert all(sign.isprintable() or sign in "\n\t" for sign in said.out + said.err), said
    return said


def _text(stream: io.TextIOWrapper) -> str:
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode("utf-8")
