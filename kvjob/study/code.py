"""The identity of the code that decides a run's result."""

import hashlib
from functools import cache
from pathlib import Path

FLOORS = ("study", "data", "model", "train")
"""Packages whose sources are part of every run key."""


@cache
def code_hash() -> str:
    """12 hexadecimal digits over the names and bytes of every source file of FLOORS."""
    root = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted(path for floor in FLOORS for path in (root / floor).rglob("*.py")):
        digest.update(f"{path.relative_to(root).as_posix()}\n{path.stat().st_size}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
