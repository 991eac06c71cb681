"""The data set: its layout, checks, packs, splits and augmentation."""

from kvjob.data.augment import Augmenter, augmentation, draw_seed
from kvjob.data.check import check
from kvjob.data.fetch import KVASIR_URL, fetch
from kvjob.data.finding import Finding, require
from kvjob.data.image import at_size
from kvjob.data.load import Pack, load
from kvjob.data.manifest import DatasetManifest, PackSizes, read_manifest, sizes_for
from kvjob.data.pack import dataset_hash, prepare
from kvjob.data.source import Source, open_source
from kvjob.data.split import Split, split
from kvjob.data.synth.write import synthesize

__all__ = [
    "KVASIR_URL",
    "Augmenter",
    "DatasetManifest",
    "Finding",
    "Pack",
    "PackSizes",
    "Source",
    "Split",
    "at_size",
    "augmentation",
    "check",
    "dataset_hash",
    "draw_seed",
    "fetch",
    "load",
    "open_source",
    "prepare",
    "read_manifest",
    "require",
    "sizes_for",
    "split",
    "synthesize",
]
