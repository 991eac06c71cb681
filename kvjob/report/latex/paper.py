"""`latex/paper.tex`: a skeleton of a paper with every table and figure of the report, ready to compile."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from kvjob.report.bootstrap import REPLICATES
from kvjob.report.latex.bibliography import SOURCES, cited
from kvjob.report.latex.escape import code, escape, sentence
from kvjob.report.page import Page, Section, Shown, spoken
from kvjob.report.provenance import commands, facts
from kvjob.report.summary import ExperimentSummary
from kvjob.report.tables import Table, unroman

PAPER = "latex/paper.tex"
"""Its path below the report's folder."""
_TEMPLATES = Path(__file__).parents[1] / "templates"


@dataclass(frozen=True, slots=True)
class _Part:
    """An experiment in the paper; tables and figures with their numbers, which are the report's."""

    summary: ExperimentSummary
    sentences: tuple[str, ...]
    levels: str
    table: tuple[Table, int]
    figures: list[tuple[Shown, int]]


def paper(page: Page, tables: Sequence[Table], figures: Mapping[str, Shown]) -> str:
    """The paper's LaTeX: pdfLaTeX, IEEEtran, text from the report, and gaps for what only authors can write.

    Args:
        page: the report's page.
        tables: every table that was written; those of no experiment come under further results.
        figures: every figure that was written, by its name; the same holds for them.
    """
    numbers = _Numbers(tables, figures.values())
    placed = {section.table.name for section in page.sections}
    shown = {item.name for section in page.sections for item in section.figures}
    overview = [item for item in (page.overview, page.pareto) if item]
    shown |= {item.name for item in overview}
    record = page.record
    values: dict[str, Any] = {
        "record": record,
        **spoken(record),
        "summary": (*record.conclusions.answer, *record.conclusions.advice),
        "factors": _listed([section.summary.title.lower() for section in page.sections]),
        "base": ", ".join(code(f"{key}={value}") for key, value in _base(page).items()),
        "data": ", ".join(f"{count} {part} images" for part, count in record.image_counts.items()),
        "sections": [_part(section, numbers) for section in page.sections],
        "overview": [(item, numbers.figure(item)) for item in overview],
        "further_tables": [(item, numbers.table(item)) for item in tables if item.name not in placed],
        "further_figures": [
            (item, numbers.figure(item)) for item in figures.values() if item.name not in shown
        ],
        "replicates": REPLICATES,
        "sources": [
            (source, SOURCES[source])
            for source in dict.fromkeys(item.source for item in record.published.others.results)
            if source in SOURCES
        ],
        "facts": facts(record),
        "commands": commands(record),
    }
    template = _environment().get_template("paper.tex.j2")
    text = template.render(**values, bibliography=[])
    return re.sub(r"\n{3,}", "\n\n", template.render(**values, bibliography=cited(text)))


class _Numbers:
    """Numbers of tables and figures: the report's where it gives one, else those after all of them."""

    def __init__(self, tables: Iterable[Table], figures: Iterable[Shown]) -> None:
        self._tables = _numbered({item.name: unroman(item.label.removeprefix("Table ")) for item in tables})
        self._figures = _numbered({item.name: _figure_number(item) for item in figures})

    def table(self, table: Table) -> int:
        return self._tables[table.name]

    def figure(self, figure: Shown) -> int:
        return self._figures[figure.name]


def _numbered(given: dict[str, int | None]) -> dict[str, int]:
    """The same, with numbers for who has none or one that another has already."""
    taken: dict[int, str] = {}
    for name, number in given.items():
        if number is not None:
            taken.setdefault(number, name)
    numbers = {name: number for number, name in taken.items()}
    last = max(taken, default=0)
    for name in given:
        if name not in numbers:
            last += 1
            numbers[name] = last
    return numbers


def _figure_number(figure: Shown) -> int | None:
    match = re.fullmatch(r"Figure (\d+)", figure.label)
    return int(match[1]) if match else None


def _part(section: Section, numbers: _Numbers) -> _Part:
    return _Part(
        section.summary,
        section.sentences,
        _listed([level.label for level in section.summary.levels]),
        (section.table, numbers.table(section.table)),
        [(figure, numbers.figure(figure)) for figure in section.figures],
    )


def _base(page: Page) -> dict[str, Any]:
    """The whole configuration of the baseline, as the runs have it."""
    runs = page.record.runs
    config = next((run.config for run in runs if any(role.baseline for role in run.roles)), runs[0].config)
    return {key: value for key, value in config.items() if key != "seed"}


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


@cache
def _environment() -> Environment:
    """Jinja with marks that are none in LaTeX; every value goes through `tex`, `sentence` or `code`."""
    found = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701  (HTML's escapes are not LaTeX's)
        trim_blocks=True,
        lstrip_blocks=True,
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<<",
        variable_end_string=">>>",
        comment_start_string="<#",
        comment_end_string="#>",
    )
    found.filters |= {"tex": escape, "sentence": sentence, "code": code}
    return found
