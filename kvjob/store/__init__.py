"""Bytes under keys: a directory or an S3 bucket behind one Protocol."""

from kvjob.store.address import open_store
from kvjob.store.base import Entry, KeyMissing, Prepared, Store
from kvjob.store.probe import probe

__all__ = ["Entry", "KeyMissing", "Prepared", "Store", "open_store", "probe"]
