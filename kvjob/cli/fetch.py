"""`kvjob fetch`: the report of a study, out of its store."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kvjob.cli.options import StudyName
from kvjob.cli.place import AnyStoreOption, ContextOption, NamespaceOption, opened
from kvjob.cli.progress import StepCallback, bar
from kvjob.errors import ConfigurationError, StoreError

if TYPE_CHECKING:
    from kvjob.store import Entry, Store

READERS = 8
"""Files on their way at once."""


def fetch(
    study: StudyName,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder that receives the report.")],
    namespace: NamespaceOption = None,
    store: AnyStoreOption = None,
    context: ContextOption = None,
) -> None:
    """Bring the report of a study out of its store, where a workflow or `kvjob report --publish` put it."""
    from kvjob.folder import check_replaceable, replacing_folder
    from kvjob.report.write import INDEX, REPORT

    check_replaceable(out, REPORT)
    with opened(store, namespace, context) as (place, _):
        files = _report(place, study)
        with bar("Fetching the report", unit="bytes") as progress, replacing_folder(out, REPORT) as folder:
            _bring(place, files, folder, progress)
    typer.echo(str(out / INDEX))


def _report(store: "Store", study: str) -> "dict[str, Entry]":
    """The files of a study's report by their paths in it."""
    from kvjob.records import layout
    from kvjob.records.study import read_study
    from kvjob.report.write import INDEX

    prefix = layout.study(study, "report/")
    files = {entry.key.removeprefix(prefix): entry for entry in store.list(prefix)}
    if INDEX not in files:  # it is published last
        read_study(store, study)
        raise ConfigurationError(
            f"study {study!r} has no report yet",
            where=store.url,
            fix=f"Wait for its workflow, or build one with `kvjob report {study}`",
        )
    return files


def _bring(store: "Store", files: "dict[str, Entry]", folder: Path, progress: StepCallback) -> None:
    from kvjob.store import KeyMissing

    def bring(name: str) -> int:
        data = store.read(files[name].key)
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return files[name].size

    done, total = 0, sum(entry.size for entry in files.values())
    progress(0, total)
    with ThreadPoolExecutor(READERS) as readers:
        try:
            for size in readers.map(bring, files):
                done += size
                progress(done, total)
        except KeyMissing as error:
            raise StoreError(
                "the report was replaced while it was fetched",
                where=f"{store.url}/{error.args[0]}",
                fix="Run the same command again",
            ) from None
