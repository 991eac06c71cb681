"""A folder made aside that takes its place in one step, or not at all."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from kvjob.errors import ConfigurationError
from kvjob.folder.exchange import exchange


@dataclass(frozen=True, slots=True)
class Kind:
    """What a folder is; only one of the same kind is replaced by it."""

    name: str
    """With its article: `a report`."""
    marks: tuple[str, ...]
    """Files that every folder of the kind has."""


def check_replaceable(out: Path, kind: Kind) -> None:
    """ConfigurationError unless out is free, empty, or of that kind."""
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise ConfigurationError("not a folder", where=str(out), fix=f"Name a folder for {kind.name}")
    try:
        taken = out.is_dir() and any(out.iterdir())
        missing = [mark for mark in kind.marks if not (out / mark).is_file()]
    except OSError as error:
        raise _unwritable(out, error) from None
    if taken and missing:
        raise ConfigurationError(
            f"not empty, and not {kind.name} that could be replaced (it has no {missing[0]})",
            where=str(out),
            fix="Name another folder",
        )


@contextmanager
def replacing_folder(out: Path, kind: Kind) -> Iterator[Path]:
    """A folder beside out that takes its place at the end; if anything fails, out stays as it was.

    Raises:
        ConfigurationError: out holds something of another kind, or cannot be written.
    """
    check_replaceable(out, kind)
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
        if not exchange(new, out):
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
        error.strerror or "cannot be written",
        where=str(out),
        fix="Name a folder that can be written, with room",
    )
