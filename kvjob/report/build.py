"""From a study in the store to a folder that holds its report."""

from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from functools import partial
from pathlib import Path

from markupsafe import Markup

from kvjob.folder import check_replaceable, replacing_folder
from kvjob.report.beside import set_beside
from kvjob.report.conclusions import NEXT_STUDY, conclude, next_study
from kvjob.report.dataset import dataset_kind
from kvjob.report.document import SCHEMA, report_record, summarise_run
from kvjob.report.drawn import COLUMN, Maker, draw_all
from kvjob.report.figures import (
    OVERVIEW,
    PARETO,
    TILES,
    PlannedFigure,
    Tiles,
    draw,
    overview,
    pareto,
    plan_figures,
    prepare,
)
from kvjob.report.latex.paper import PAPER, paper
from kvjob.report.page import Page, Section, Shown, Watched, render
from kvjob.report.provenance import STUDY_FILE, study_yaml
from kvjob.report.published import Published, load_published
from kvjob.report.read import StudyData, read_data
from kvjob.report.schema import schema_json
from kvjob.report.summary import ExperimentSummary, summarise
from kvjob.report.tables import (
    FORMATS,
    Table,
    beside_table,
    claims_table,
    experiment_table,
    model_table,
    others_table,
    protocol_table,
    recommended_table,
    runs_table,
)
from kvjob.report.tidy import data_files, datasets
from kvjob.report.write import INDEX, RECORD, REPORT, Folder
from kvjob.store import Store

Progress = Callable[[str, int, int], None]
"""Told what is being made, how many pieces are done, and how many there are."""


def build_report(
    store: Store,
    study: str,
    out: Path,
    progress: Progress | None = None,
    *,
    published: Path | None = None,
    now: datetime | None = None,
) -> Path:
    """Make the report of a study from what the store holds at this moment.

    Args:
        store: where the study lies; it is only read.
        study: its name.
        out: folder for the report; an earlier report there is replaced, in one step and only when the new one
            is whole.
        progress: called before each figure and once at the end.
        published: published values to set beside the results, instead of those that come with kvjob.
        now: the moment by which silent runs are judged; the present unless given.

    Returns:
        The path of its page, index.html.

    Raises:
        ConfigurationError: no such study, a store written by a newer kvjob, an out that holds something else.
        StoreError: the store cannot be read.
    """
    check_replaceable(out, REPORT)
    values = load_published(published)
    return make_report(read_data(store, study, now), values, out, progress)


def make_report(
    data: StudyData,
    published: Published,
    out: Path,
    progress: Progress | None = None,
    watched: Watched | None = None,
) -> Path:
    """Make the report of what was read; arguments and errors as build_report.

    Args:
        data: the study.
        published: published values to set beside the results.
        out: folder for the report.
        progress: as build_report's.
        watched: given while the study trains and the report is to be made again and again.
    """
    summaries = summarise(data, published)
    with replacing_folder(out, REPORT) as folder:
        _make(Folder(folder), data, summaries, published, progress or _silent, watched)
    return out / INDEX


def _make(
    folder: Folder,
    data: StudyData,
    summaries: tuple[ExperimentSummary, ...],
    published: Published,
    progress: Progress,
    watched: Watched | None,
) -> None:
    runs = tuple(map(summarise_run, data.runs))
    kind = dataset_kind(data)
    conclusions = conclude(data, summaries, published, kind)
    beside = set_beside(data, summaries, published, kind)
    experiments = {
        summary.name: experiment_table(summary, same_images=beside.comparable) for summary in summaries
    }
    network, list_of_runs = model_table(data, published.paper.model), runs_table(runs)
    concluded = {
        "recommended": recommended_table(conclusions.recommendation),
        "claims": claims_table(conclusions.claims),
        "protocol": protocol_table(beside),
        "beside": beside_table(beside),
        "others": others_table(beside, published.others.note),
    }
    every = (*experiments.values(), *([network] if network else []), *concluded.values(), list_of_runs)
    for table in every:
        for suffix, convert in FORMATS.items():
            folder.write(f"tables/{table.name}.{suffix}", convert(table))
    for name, content in data_files(datasets(data, runs, summaries)):
        folder.write(name, content)
    planned, tiles = plan_figures(data, summaries), Tiles()
    figures = _draw(folder, data, summaries, planned, tiles, progress)
    for name, picture in tiles.files.items():
        folder.write(f"{TILES}/{name}", picture)
    record = report_record(data, runs, summaries, conclusions, published, beside, tuple(sorted(folder.names)))
    sections = tuple(
        _section(summary, conclusions.of(summary.name).sentences, experiments[summary.name], planned, figures)
        for summary in summaries
    )
    page = Page(
        record,
        sections,
        figures.get(OVERVIEW),
        figures.get(PARETO),
        network,
        concluded,
        list_of_runs,
        tiles,
        watched,
    )
    if conclusions.recommendation.untested:
        folder.write(NEXT_STUDY, next_study(record.study, conclusions.recommendation))
    folder.write(STUDY_FILE, study_yaml(record))
    folder.write(SCHEMA, schema_json())
    folder.write(RECORD, record.model_dump_json(indent=1) + "\n")
    folder.write(PAPER, paper(page, every, figures))
    folder.write(INDEX, render(page))


def _draw(
    folder: Folder,
    data: StudyData,
    summaries: tuple[ExperimentSummary, ...],
    planned: list[PlannedFigure],
    tiles: Tiles,
    progress: Progress,
) -> dict[str, Shown]:
    """Draw and write every figure there is something for; those on the page by their names."""
    prepare(data, planned)
    shown, total = {}, len(planned) + 2
    makers: list[tuple[str, Maker]] = [
        ("Overview", partial(overview, summaries)),
        ("Accuracy and cost", partial(pareto, summaries)),
    ]
    makers += [(figure.label, partial(draw, data, figure)) for figure in planned]
    with closing(draw_all([make for _, make in makers])) as drawn:
        for done, (label, _) in enumerate(makers):
            progress(label, done, total)
            figure = next(drawn)
            if figure is None:
                continue
            for ending, content in figure.files.items():
                folder.write(f"figures/{figure.name}{ending}", content)
            tiles.add_all(figure.tiles)
            element = Markup(figure.element)  # noqa: S704  (escaped by inline)
            shown[figure.name] = Shown(
                figure.name, figure.label, figure.caption, element, COLUMN in figure.files
            )
    progress("page", total, total)
    return shown


def _section(
    summary: ExperimentSummary,
    sentences: tuple[str, ...],
    table: Table,
    planned: list[PlannedFigure],
    drawn: dict[str, Shown],
) -> Section:
    own = [figure for figure in planned if figure.summary.name == summary.name]
    missing = [figure for figure in own if figure.name not in drawn]
    finished = any(level.mean_over_images for level in summary.levels)
    unkept = [figure for figure in missing if finished and figure.of_predictions]
    return Section(
        summary,
        sentences,
        table,
        figures=tuple(drawn[figure.name] for figure in own if figure.name in drawn),
        waiting=tuple(figure.label for figure in missing if figure not in unkept),
        unkept=tuple(figure.label for figure in unkept),
    )


def _silent(_what: str, _done: int, _total: int) -> None:
    """Nobody watches."""
