"""`index.html`: the whole report on one page that needs nothing beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from kvjob.report.bootstrap import REPLICATES
from kvjob.report.conclusions import NEXT_STUDY, options
from kvjob.report.dataset import described
from kvjob.report.document import ReportRecord
from kvjob.report.figures import DARK, PAPER, Tiles, variable
from kvjob.report.provenance import STUDY_FILE, commands, facts
from kvjob.report.published import BUILT_IN
from kvjob.report.summary import ExperimentSummary
from kvjob.report.tables import Table
from kvjob.report.unfinished import ORDER, gaps, reasons

TEMPLATES = Path(__file__).with_name("templates")
_TAIL = (
    ("network", "The network"),
    ("beside", "Beside the paper"),
    ("method", "How to read the numbers"),
    ("runs", "Runs"),
    ("provenance", "Provenance"),
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A figure on the page."""

    name: str
    label: str
    caption: str
    svg: Markup
    column: bool = False
    """Whether there is a PDF of it for one column of a paper."""


@dataclass(frozen=True, slots=True)
class Section:
    """An experiment on the page."""

    summary: ExperimentSummary
    sentences: tuple[str, ...]
    """What is concluded of it."""
    table: Table
    figures: tuple[Shown, ...]
    waiting: tuple[str, ...]
    """Labels of figures for which nothing is there yet."""
    unkept: tuple[str, ...] = ()
    """Labels of figures whose runs have finished and did not leave what they show."""

    @property
    def gaps(self) -> bool:
        """Whether a published value is not at hand."""
        rows = (level.published for level in self.summary.levels if level.published)
        return any(None in row.model_dump().values() for row in rows)


@dataclass(frozen=True, slots=True)
class Watched:
    """A page that a browser asks for again."""

    seconds: int
    """After how long."""
    moment: datetime
    """When the store was read."""


@dataclass(frozen=True, slots=True)
class Page:
    """All parts of the page."""

    record: ReportRecord
    sections: tuple[Section, ...]
    overview: Shown | None
    pareto: Shown | None
    network: Table | None
    concluded: Mapping[str, Table]
    """`recommended`, `claims`, `protocol`, `beside` and `others`."""
    runs: Table
    tiles: Tiles
    watched: Watched | None = None
    """While the study trains and the page is made again and again."""


@cache
def templates() -> Environment:
    """The templates of pages, each compiled once; every value is escaped."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )


def render(page: Page) -> str:
    """The page as HTML. Every text is escaped; only the figures, made here, go in as they are."""
    record = page.record
    template = templates().get_template("index.html.j2")
    html = template.render(
        record=record,
        sections=page.sections,
        overview=page.overview,
        pareto=page.pareto,
        network=page.network,
        conclusions=record.conclusions,
        beside=record.beside,
        concluded=page.concluded,
        next_study=NEXT_STUDY,
        options=options(record.conclusions.recommendation.changes),
        runs=page.runs,
        tiles=page.tiles.definitions(),
        letters=sorted(page.tiles.letters.items()),
        watched=page.watched,
        **spoken(record),
        css=Markup(style_sheet()),  # noqa: S704  (a file of this package)
        contents=_contents(page),
        standings=[(name, record.standings[name]) for name in ORDER if name in record.standings],
        unfinished=reasons(record),
        gaps=gaps(record),
        steered=sum(run.config["protocol"] == "test-steered" for run in record.runs),
        replicates=REPLICATES,
        facts=facts(record),
        commands=commands(record),
        study_file=STUDY_FILE,
        published_file=BUILT_IN.name,
    )
    return f"{html}\n"


def spoken(record: ReportRecord) -> dict[str, str]:
    """What is said of the whole study, in words: `title`, `lede`, `state`, `comparable`."""
    return {
        "title": record.study["title"] or record.study["name"],
        "lede": _lede(record),
        "state": _state(record),
        "comparable": _comparable(record),
    }


def style_sheet() -> str:
    """The style sheet, with the figures' colours as variables of the light and the dark page."""
    light = "".join(f" {variable(colour)}: {colour};" for colour in DARK if colour != PAPER)
    dark = "".join(f" {variable(colour)}: {shade};" for colour, shade in DARK.items() if colour != PAPER)
    light += f" {variable(PAPER)}: var(--page);"
    themes = f":root {{{light} }}\n@media (prefers-color-scheme: dark) {{ :root {{{dark} }} }}\n"
    return themes + (TEMPLATES / "style.css").read_text(encoding="utf-8")


def _lede(record: ReportRecord) -> str:
    seeds = record.study["seeds"]
    images = record.image_counts
    return (
        f"{_count(len(record.runs), 'run')} in {_count(len(record.experiments), 'experiment')}, "
        f"{'a single seed' if seeds == 1 else f'{seeds} seeds each'}; "
        f"{images.get('train', 0)} training and {images.get('test', 0)} test images."
    )


def _state(record: ReportRecord) -> str:
    total, finished = len(record.runs), record.standings.get("finished", 0)
    said = f"{'All' if finished == total else f'{finished} of'} {_count(total, 'run')} have finished"
    cost = record.cost
    if not cost.attempts:
        return f"{said}; none has been started."
    wasted = _duration(cost.wasted_hours) if cost.wasted_hours else "none"
    time = f"{_duration(cost.hours)} of {cost.unit.removesuffix('-hours')} time"
    return f"{said}, after {time} ({wasted} of it wasted) in {_count(cost.attempts, 'attempt')}."


def _comparable(record: ReportRecord) -> str:
    """Whether published results are of the same images, as far as a report can know."""
    if record.beside.comparable:
        return "These can be compared with this study only if it ran on Kvasir-Instrument itself."
    return f"This study ran on other images: {described(record.beside.dataset, record.image_counts)}."


def _duration(hours: float) -> str:
    if hours >= 1:
        return f"{hours:.1f} h"
    return f"{hours * 60:.0f} min" if hours >= 1 / 30 else f"{hours * 3600:.0f} s"


def _contents(page: Page) -> list[tuple[str, str]]:
    experiments = [(f"experiment-{section.summary.name}", section.summary.title) for section in page.sections]
    return [("state", "State of the study"), ("findings", "Findings"), *experiments, *_TAIL]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
