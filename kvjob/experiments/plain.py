"""YAML as plain values, whoever wrote it."""

from typing import Any

import yaml

MOST_VALUES = 100_000
"""Of one text, each alias counted as what it stands for: nine lines of aliases can stand for billions."""
DEEPEST = 50
"""Mappings and lists within one another."""
LARGEST = 2**63
"""No whole number of a configuration comes near it, and Python refuses to print one of many digits."""


def plain_values(text: str) -> Any:
    """The values that text holds: mappings, lists, strings, numbers, dates.

    Nothing is executed and no class but these is made, whatever tags the text has.

    Raises:
        ValueError: it is not YAML, or more, deeper or larger than any study; the message says which.
    """
    try:
        values = yaml.safe_load(text)
    except (
        Exception
    ) as error:  # PyYAML lets through whatever its conversions raise: KeyError, AttributeError, …
        raise ValueError(" ".join(str(error).split())[:300] or type(error).__name__) from None
    _check(values)
    return values


def _check(values: Any) -> None:
    waiting, seen = [(values, 0)], 0
    while waiting:
        value, depth = waiting.pop()
        seen += 1
        if seen > MOST_VALUES:
            raise ValueError(f"more than {MOST_VALUES:,} values, aliases counted as what they stand for")
        if depth > DEEPEST:
            raise ValueError(f"more than {DEEPEST} mappings and lists within one another")
        if isinstance(value, int) and abs(value) > LARGEST:
            raise ValueError(f"a whole number of more than {LARGEST.bit_length()} bits")
        if isinstance(value, dict):
            waiting += [(each, depth + 1) for pair in value.items() for each in pair]
        elif isinstance(value, list | tuple | set):
            waiting += [(each, depth + 1) for each in value]
