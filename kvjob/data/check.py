"""What is wrong with a data set, file by file."""

from collections import Counter
from collections.abc import Iterator

from kvjob.data.finding import Finding, error, warning
from kvjob.data.pair import inspect
from kvjob.data.source import SPLITS, Source
from kvjob.data.threads import Progress, concurrently, silent

LONGEST_NAME = 200
"""Bytes in UTF-8; with a suffix it must still be a file's name."""


def check(source: Source, progress: Progress = silent) -> list[Finding]:
    """Everything that is wrong with a data set: the splits first, then the files by name.

    Each image and mask is read and decoded, in as many threads as there are CPUs.
    """
    names = sorted(source.images.keys() & source.masks.keys())

    def findings(name: str) -> tuple[Finding, ...]:
        return inspect(source.images[name], source.masks[name]).findings

    found = concurrently(findings, names, progress)
    return check_layout(source) + [finding for of_pair in found for finding in of_pair]


def check_layout(source: Source) -> list[Finding]:
    """What is wrong with names, splits and pairs; no image is read."""
    findings = list(source.findings)
    for split, names in zip(SPLITS, (source.train, source.test), strict=True):
        findings += _of_split(split, names, source)
    both = sorted(set(source.train) & set(source.test))
    findings += [error(SPLITS[1], f"names {name!r}, which {SPLITS[0]} names too") for name in both]
    return findings + list(_of_pairs(source))


def _of_split(split: str, names: tuple[str, ...], source: Source) -> Iterator[Finding]:
    for name, times in sorted(Counter(names).items()):
        if not is_plain(name):
            yield error(split, f"names {name[:LONGEST_NAME]!r}, which is not the plain name of an image")
        elif times > 1:
            yield error(split, f"names {name!r} {times} times")
        elif name not in source.images:
            yield error(split, f"names {name!r}, of which there is no image")


def _of_pairs(source: Source) -> Iterator[Finding]:
    named = {*source.train, *source.test}
    for name in sorted(source.images.keys() | source.masks.keys()):
        if name not in source.masks:
            yield error(source.images[name].label, "has no mask")
        elif name not in source.images:
            yield error(source.masks[name].label, "has no image")
        elif name not in named:
            yield warning(source.images[name].label, "is named by neither split, so it is not used")


def is_plain(name: str) -> bool:
    """Whether name can be the name of a file in any folder, and of nothing else."""
    return (
        0 < len(name.encode()) <= LONGEST_NAME
        and not name.startswith(".")
        and name.isprintable()
        and not any(sign in name for sign in "/\\:")
    )
