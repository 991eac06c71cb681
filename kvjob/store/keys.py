"""Which names an object may have, the same in a directory and in a bucket."""

import re

from kvjob.errors import ConfigurationError

PART = ".kvjob-part-"
"""What the names of files begin with that are still being written; no key may have such a part."""

KEY_BYTES = 1024
"""Longest key of S3, its prefix included, in UTF-8."""
PART_BYTES = 255
"""Longest file name of common file systems, in UTF-8."""

_REFUSED = re.compile(r"[\\\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_FIX = (
    "Use up to 1024 bytes in parts of 1 to 255 bytes with `/` between them, without `.` or `..` as a part, "
    "backslashes or control characters"
)


def check_key(key: str, prefix: str = "") -> None:
    """Raise ConfigurationError if no store could hold an object of that key, below prefix if one is given."""
    fault = _fault(key, whole=True) or _too_long(prefix + key)
    if fault:
        raise ConfigurationError(fault, where=f"store key {key!r}", fix=_FIX)


def check_prefix(prefix: str) -> None:
    """Raise ConfigurationError if no key could begin with prefix; the empty one fits every key."""
    fault = _fault(prefix, whole=False)
    if fault:
        raise ConfigurationError(fault, where=f"store prefix {prefix!r}", fix=_FIX)


def is_key(key: str) -> bool:
    """Whether check_key accepts it; a listing leaves out what others put there under other names."""
    return not _fault(key, whole=True)


def _fault(key: str, *, whole: bool) -> str | None:
    """What is wrong with a key, or with the beginning of one, whose last part may still grow."""
    if _REFUSED.search(key):
        return "has a backslash, a control character or half a surrogate pair"
    parts = key.split("/")
    for part in parts if whole else parts[:-1]:
        if part in ("", ".", ".."):
            return f"has the part {part!r}"
        if part.startswith(PART):
            return f"has a part that begins with {PART}, which marks unfinished files"
    if any(len(part.encode()) > PART_BYTES for part in parts):
        return f"has a part of more than {PART_BYTES} bytes"
    return _too_long(key)


def _too_long(key: str) -> str | None:
    return f"is longer than {KEY_BYTES} bytes" if len(key.encode()) > KEY_BYTES else None
