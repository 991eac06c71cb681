"""Manifests as text that every YAML parser reads alike."""

import json
import re
from typing import Any

import yaml

WORD = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*")
"""Strings that may stand unquoted."""

AMBIGUOUS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
"""Words that some parser takes for another type."""


class _Dumper(yaml.SafeDumper):
    """Quotes what Go's parsers would read as a number where Python's would not, such as 1e-3 or 08."""

    def represent_str(self, data: str) -> yaml.ScalarNode:
        plain = WORD.fullmatch(data) and data.lower() not in AMBIGUOUS
        return self.represent_scalar("tag:yaml.org,2002:str", data, style=None if plain else '"')

    def ignore_aliases(self, _data: Any) -> bool:
        """Equal parts are written out: anchors are hard to review."""
        return True


_Dumper.add_representer(str, _Dumper.represent_str)


def as_yaml(manifest: dict[str, Any]) -> str:
    """A manifest as YAML, fields in their order."""
    return yaml.dump(manifest, Dumper=_Dumper, sort_keys=False, width=1000, allow_unicode=True)


def as_json(manifest: dict[str, Any]) -> str:
    """A manifest as JSON, one field a line."""
    return json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
