"""Bytes under keys: a directory or an S3 bucket behind one Protocol."""

from kvjob.store.address import open_store
from kvjob.store.base import CleanableStore, Entry, KeyMissing, Prepared, Store, Unfinished
from kvjob.store.probe import probe

__all__ = ["CleanableStore", "Entry", "KeyMissing", "Prepared", "Store", "Unfinished", "open_store", "probe"]
