"""Finding out before a study starts whether its store will take what it leaves."""

import secrets
from contextlib import suppress

from kvjob.errors import StoreError
from kvjob.store.base import KeyMissing, Store

_FOLDER = ".probe/"


def probe(store: Store) -> None:
    """Write, read back, list and delete a small object, and see that two trainers can be held apart there.

    Raises:
        StoreError: any of these failed, or gave something else than was written.
    """
    key, data = f"{_FOLDER}{secrets.token_hex(8)}", secrets.token_bytes(32)
    store.write(key, data)
    try:
        if _read(store, key) != data or key not in (entry.key for entry in store.list(_FOLDER)):
            raise StoreError(
                "what was just written does not come back",
                where=f"{store.url}/{key}",
                fix="Use a store that shows every write at once",
            )
        _hold_apart(store, key, data)
    except StoreError:
        with suppress(StoreError):
            store.delete(key)
        raise
    store.delete(key)


def _hold_apart(store: Store, key: str, data: bytes) -> None:
    other = secrets.token_bytes(32)
    if store.create(key, other) or _read(store, key) != data:
        raise _cannot(store, "an object can be created twice", key)
    late = store.prepare(key, other)
    store.revoke(key)
    if late.commit() or _read(store, key) != data:
        raise _cannot(store, "a write that was revoked happens all the same", key)
    if not store.prepare(key, other).commit() or _read(store, key) != other:
        raise _cannot(store, "a prepared write does not happen", key)


def _cannot(store: Store, what: str, key: str) -> StoreError:
    return StoreError(
        f"{what}, so two trainers of one run could not be held apart",
        where=f"{store.url}/{key}",
        fix="Use a store that knows conditional writes and multipart uploads (AWS, MinIO, SeaweedFS), "
        "or a folder on a file system with hard links",
    )


def _read(store: Store, key: str) -> bytes | None:
    try:
        return store.read(key)
    except KeyMissing:
        return None
