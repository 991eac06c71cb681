"""What somebody might put where kvjob expects something else."""

import json
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

NAMES = (
    "../../out",
    "/tmp/out",
    "..%2f..%2fout",
    "a/../../b",
    "a\nb",
    "a\x00b",
    "\x1b[2J\x1b]0;x\x07",
    "\x9b31m",
    "‮gpj.exe",
    "\ud800",
    "[/bold][link=x]",
    "{{7*7}}<script>",
    "x" * 5000,
    ".",
    "",
    " ",
    "é" * 300,
    "=cmd|' /C calc'!A0",
)
NUMBERS = (0, -1, 1, 2**31, 2**63, 2**64, 10**400, 1e308, -1e308, 5e-324, 0.5)
NOT_NUMBERS = (float("nan"), float("inf"), float("-inf"))
TIMES = ("2026-01-01T00:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "-1", "1e400")


def deep(levels: int) -> Any:
    """A list in a list, and so on."""
    value: Any = []
    for _ in range(levels):
        value = [value]
    return value


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(NAMES),
    st.sampled_from(TIMES),
    st.sampled_from(NUMBERS),
    st.sampled_from(NOT_NUMBERS),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
)
values = st.one_of(
    scalars,
    st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
        max_leaves=8,
    ),
    st.builds(deep, st.sampled_from((30, 300))),
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, each in inner for place in _places(each, (*path, key)))]


def _put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = _put(copy[path[0]], path[1:], new)
    return copy


@st.composite
def documents(draw: Callable[[st.SearchStrategy[Any]], Any], data: bytes) -> bytes:
    """A JSON document of which one or two values are others, or that lacks something."""
    value = json.loads(data)
    for _ in range(draw(st.integers(1, 2))):
        place = draw(st.sampled_from(_places(value)))
        value = _put(value, place, draw(values))
    text: bytes = json.dumps(value).encode("utf-8", "surrogatepass")
    return text


@st.composite
def damaged(draw: Callable[[st.SearchStrategy[Any]], Any], data: bytes) -> bytes:
    """Bytes cut off, with a few others among them, or in another encoding."""
    kind = draw(st.sampled_from(("cut", "flip", "insert", "utf-16", "deep", "bom", "other")))
    at = draw(st.integers(0, len(data)))
    if kind == "cut":
        return data[:at]
    if kind == "flip":
        return data[:at] + draw(st.binary(min_size=1, max_size=4)) + data[at + 1 :]
    if kind == "insert":
        return data[:at] + draw(st.binary(min_size=1, max_size=16)) + data[at:]
    if kind == "utf-16":
        return data.decode("latin-1").encode("utf-16")
    if kind == "deep":
        return b"[" * 100_000
    return b"\xef\xbb\xbf" + data if kind == "bom" else draw(st.binary(max_size=64))


def objects(data: bytes) -> st.SearchStrategy[bytes]:
    """What may lie where a JSON document was."""
    return documents(data) | damaged(data)
