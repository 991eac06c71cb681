"""Reports as folders: their files, and their way into the store."""

import re
from pathlib import Path

from kvjob.folder import Kind
from kvjob.records import layout
from kvjob.store import Store

INDEX, RECORD = "index.html", "report.json"
REPORT = Kind("a report", (INDEX, RECORD))

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
