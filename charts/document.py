"""`python charts/document.py`: write the README's table of values from the comments of values.yaml."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

CHART = Path(__file__).parent / "kvjob"
BEGIN, END = "<!-- values: by charts/document.py -->\n", "<!-- end of values -->\n"
_LINE = re.compile(r"(?P<indent> *)(?:# ?(?P<comment>.*)|(?P<key>[\w-]+):.*)$")


@dataclass(frozen=True)
class Value:
    """A documented value: its path in dots, its default, what it is."""

    path: str
    default: Any
    text: str


def documented(values: str) -> list[Value]:
    """The values of a values.yaml that a comment `# -- TEXT` stands above, in their order."""
    defaults = yaml.safe_load(values)
    found: list[Value] = []
    parents: list[str] = []
    comment: str | None = None
    for line in values.splitlines():
        match = _LINE.match(line)
        if match is None or not (match["key"] or comment or (match["comment"] or "").startswith("-- ")):
            continue
        if match["key"] is None:
            text = match["comment"]
            comment = text[3:] if text.startswith("-- ") else f"{comment} {text}"
            continue
        depth = len(match["indent"]) // 2
        parents = [*parents[:depth], match["key"]]
        if comment:
            found.append(Value(".".join(parents), _at(defaults, parents), comment))
            comment = None
    return found


def _at(values: Any, path: list[str]) -> Any:
    for key in path:
        values = values[key]
    return values


def table(values: list[Value]) -> str:
    """The values as a Markdown table; a default of null is the study's own, and left empty."""
    rows = "".join(f"| `{each.path}` | {_default(each.default)} | {_cell(each.text)} |\n" for each in values)
    return "| value | default | what it is |\n|---|---|---|\n" + rows


def _default(value: Any) -> str:
    return "" if value is None else f"`{_cell(json.dumps(value))}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def with_table(readme: str, values: str) -> str:
    """The README with its table made anew."""
    before, rest = readme.split(BEGIN)
    return before + BEGIN + table(documented(values)) + END + rest.split(END)[1]


if __name__ == "__main__":
    readme, values = CHART / "README.md", CHART / "values.yaml"
    text = with_table(readme.read_text(encoding="utf-8"), values.read_text(encoding="utf-8"))
    readme.write_text(text, encoding="utf-8")
