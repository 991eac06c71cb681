"""Reports as folders: made aside, then put in place whole; and their way into the store."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from kvjob.errors import ConfigurationError
from kvjob.records import layout
from kvjob.report.exchange import exchange
from kvjob.store import Store

INDEX, RECORD = "index.html", "report.json"

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Folder:
    """A folder in the making, which notes the names of its files."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.names: list[str] = []

    def write(self, name: str, content: str | bytes) -> None:
        """Write a file by its path in the folder."""
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_inert(content).encode() if isinstance(content, str) else content)
        self.names.append(name)


def _inert(text: str) -> str:
    """Text without what steers a terminal: names and messages of a study get into every file."""
    return _CONTROL.sub(lambda match: ascii(match[0])[1:-1], text)


def check_replaceable(out: Path, record: str = RECORD) -> None:
    """ConfigurationError unless out is free, empty, or a report, which holds its page and its record."""
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise ConfigurationError("not a folder", where=str(out), fix="Name a folder for the report")
    if out.is_dir() and any(out.iterdir()) and not ((out / INDEX).is_file() and (out / record).is_file()):
        raise ConfigurationError(
            "not empty, and not a report that could be replaced", where=str(out), fix="Name another folder"
        )


@contextmanager
def replacing_folder(out: Path, record: str = RECORD) -> Iterator[Path]:
    """A folder beside out that takes its place at the end; if anything fails, out stays as it was.

    Raises:
        ConfigurationError: out holds something that is no report, or cannot be written.
    """
    check_replaceable(out, record)
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


def publish(store: Store, study: str, folder: Path) -> str:
    """Put a report into the store, its page last; what an earlier report left over is deleted.

    Args:
        store: where the study lies.
        study: its name.
        folder: a report that build_report made.

    Returns:
        The key of its page.
    """
    prefix = layout.study(study, "report/")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    keys = {path: prefix + path.relative_to(folder).as_posix() for path in files}
    page = prefix + INDEX
    for path, key in sorted(keys.items(), key=lambda item: item[1] == page):
        store.upload(key, path)
    for entry in list(store.list(prefix)):
        if entry.key not in keys.values():
            store.delete(entry.key)
    return page


def _unwritable(out: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        error.strerror or "cannot be written",
        where=str(out),
        fix="Name a folder that can be written, with room",
    )
