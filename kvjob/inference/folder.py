"""The folder of an export: made aside, then put in place whole."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from kvjob.errors import ConfigurationError
from kvjob.inference.record import RECORD


def check_replaceable(out: Path) -> None:
    """ConfigurationError unless out is free, empty, or an export."""
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise ConfigurationError("not a folder", where=f"--out {out}", fix="Name a folder for the export")
    try:
        taken = out.is_dir() and any(out.iterdir()) and not (out / RECORD).is_file()
    except OSError as error:
        raise _unwritable(out, error) from None
    if taken:
        raise ConfigurationError(
            f"not empty, and not an export that could be replaced (it has no {RECORD})",
            where=f"--out {out}",
            fix="Name another folder",
        )


@contextmanager
def replacing_folder(out: Path) -> Iterator[Path]:
    """A folder beside out that takes its place at the end; if anything fails, out stays as it was.

    Raises:
        ConfigurationError: out holds something that is no export, or cannot be written.
    """
    check_replaceable(out)
    out = out.absolute()
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as error:
        raise _unwritable(out, error) from None
    try:
        new = scratch / "new"
        new.mkdir()
        yield new
        if out.exists():
            out.rename(scratch / "old")
        new.rename(out)
    except OSError as error:
        raise _unwritable(out, error) from None
    finally:
        if (scratch / "old").exists() and not out.exists():
            (scratch / "old").rename(out)
        shutil.rmtree(scratch, ignore_errors=True)


def _unwritable(out: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        (error.strerror or "cannot be written").lower(),
        where=f"--out {out}",
        fix="Choose a folder that can be written",
    )
