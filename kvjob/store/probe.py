"""Finding out before a study starts whether its store will take what it leaves."""

import secrets
from contextlib import suppress

from kvjob.errors import StoreError
from kvjob.store.base import KeyMissing, Store

_FOLDER = ".probe/"


def probe(store: Store) -> None:
    """Write, read back, list and delete one small object.

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
    except StoreError:
        with suppress(StoreError):
            store.delete(key)
        raise
    store.delete(key)


def _read(store: Store, key: str) -> bytes | None:
    try:
        return store.read(key)
    except KeyMissing:
        return None
