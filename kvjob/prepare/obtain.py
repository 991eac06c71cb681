"""The data set that a study names, brought to this machine."""

from pathlib import Path, PurePosixPath

from kvjob.data import fetch, synthesize
from kvjob.data.synth.write import MOST
from kvjob.data.threads import Progress
from kvjob.errors import ConfigurationError, DataError
from kvjob.store import KeyMissing, Store

FORMS = "kvasir (downloaded), synthetic:IMAGES, store:KEY of a zip or a folder in the store, or a path"


def obtain(data: str, store: Store, workspace: Path, progress: Progress) -> Path:
    """The folder or zip of a data set.

    Args:
        data: `kvasir`, which is downloaded; `synthetic:IMAGES`, made here; `store:KEY`, a zip there, or
            all that lies under KEY/ there; or a path.
        store: where `store:` looks.
        workspace: folder for what is downloaded or made.
        progress: called with what is done and what there is to do: bytes, images or files.

    Raises:
        ConfigurationError: data is none of these.
        DataError: the download fails, or the store holds no such thing.
    """
    kind, colon, rest = data.partition(":")
    if data == "kvasir":
        fetch(workspace / "kvasir", progress=progress)
        return workspace / "kvasir"
    if kind == "synthetic" and colon:
        synthesize(workspace / data.replace(":", "-"), images=_count(data, rest), progress=progress)
        return workspace / data.replace(":", "-")
    if kind == "store" and colon:
        return _from_store(store, rest.strip("/"), workspace / "from-store", progress)
    try:
        there = Path(data).exists()
    except OSError:  # a name that no file can have
        there = False
    if not there:
        raise ConfigurationError(f"there is no {data!r}", where="--data", fix=f"Give {FORMS}")
    return Path(data)


def _count(data: str, text: str) -> int:
    if not text.isascii() or not text.isdecimal():
        raise ConfigurationError(
            f"{data!r} is no number of images", where="--data", fix="Write for example synthetic:100"
        )
    if len(text) > len(str(MOST)) or int(text) > MOST:
        raise ConfigurationError(
            f"more than {MOST} images", where="--data", fix="Write for example synthetic:100"
        )
    return int(text)


def _from_store(store: Store, key: str, workspace: Path, progress: Progress) -> Path:
    if PurePosixPath(key).suffix == ".zip":
        try:
            return store.fetch(key, workspace)
        except KeyMissing:
            raise _nothing(store, key) from None
    keys = [entry.key for entry in store.list(f"{key}/")] if key else []
    if not keys:
        raise _nothing(store, key)
    for done, each in enumerate(keys):
        progress(done, len(keys))
        path = store.fetch(each, workspace)
    progress(len(keys), len(keys))
    # a store that is a folder answers with its own files, and copies nothing
    return path.parents[keys[-1].count("/") - key.count("/") - 1]


def _nothing(store: Store, key: str) -> DataError:
    return DataError(
        f"nothing lies under {key!r}",
        where=store.url,
        fix="Put the data set's zip or folder there, and name its key after 'store:'",
    )
