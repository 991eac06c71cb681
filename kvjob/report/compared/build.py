"""From two studies to a folder that holds their comparison."""

from datetime import datetime
from pathlib import Path

from kvjob import __version__
from kvjob.errors import ConfigurationError
from kvjob.folder import Kind, check_replaceable, replacing_folder
from kvjob.report.compared.differing import base_fields, differing, own_fields
from kvjob.report.compared.document import Comparison, Side
from kvjob.report.compared.levels import Pair, compare_levels
from kvjob.report.compared.match import Matched, match
from kvjob.report.compared.page import render_comparison
from kvjob.report.compared.tables import differing_table, levels_table
from kvjob.report.cost import cost
from kvjob.report.read import StudyData, read_data
from kvjob.report.tables import FORMATS
from kvjob.report.write import INDEX, Folder
from kvjob.store import Store

RECORD = "compare.json"
COMPARISON = Kind("a comparison", (INDEX, RECORD))


def build_comparison(
    a: tuple[Store, str], b: tuple[Store, str], out: Path, *, now: datetime | None = None
) -> Comparison:
    """Compare two studies as their stores hold them at this moment; differences are B less A.

    Args:
        a: store and name of the study to compare with.
        b: those of the one that is compared; may be the same.
        out: folder for the page, the tables and compare.json; an earlier comparison there is replaced.
        now: the moment by which silent runs are judged; the present unless given.

    Raises:
        ConfigurationError: no such study, no level that both have, an out that holds something else.
        StoreError: a store cannot be read.
    """
    check_replaceable(out, COMPARISON)
    ours, theirs = (read_data(store, study, now) for store, study in (a, b))
    record = _compare(ours, theirs)
    tables = [differing_table(record), levels_table(record)]
    with replacing_folder(out, COMPARISON) as root:
        folder = Folder(root)
        for table in tables:
            for suffix, convert in FORMATS.items():
                folder.write(f"tables/{table.name}.{suffix}", convert(table))
        record = record.model_copy(update={"files": tuple(sorted(folder.names))})
        folder.write(RECORD, record.model_dump_json(indent=1) + "\n")
        folder.write(INDEX, render_comparison(record, *tables))
    return record


def _compare(a: StudyData, b: StudyData) -> Comparison:
    matched = match(a, b)
    if not matched.pairs:
        raise _nothing_shared(a, b, matched)
    base, same_images = base_fields(a, b), a.plan.dataset == b.plan.dataset
    pairs = [Pair(one, other, tuple(own_fields(one, other, base))) for one, other in matched.pairs]
    return Comparison(
        kvjob=__version__,
        a=_side(a),
        b=_side(b),
        same_study=(a.store.url, a.plan.study.name) == (b.store.url, b.plan.study.name),
        same_images=same_images,
        differing=differing(a, b),
        levels=compare_levels(pairs, same_images=same_images),
        only_a=tuple(place.names for place in matched.only_a),
        only_b=tuple(place.names for place in matched.only_b),
        files=(),
    )


def _side(data: StudyData) -> Side:
    return Side(
        study=data.plan.study.name,
        store=data.store.url,
        planned=data.record.planned,
        runs=len(data.runs),
        finished=sum(run.standing == "finished" for run in data.runs),
        test_steered=any(run.planned.config.protocol == "test-steered" for run in data.runs),
        cost=cost(data.runs),
    )


def _nothing_shared(a: StudyData, b: StudyData, matched: Matched) -> ConfigurationError:
    named = [
        ", ".join("/".join(place.names) for place in side[:6]) for side in (matched.only_a, matched.only_b)
    ]
    return ConfigurationError(
        "the studies share no level: none has the same experiment and level, or the same configuration",
        where=f"{a.plan.study.name}, {b.plan.study.name}",
        fix=f"Compare studies with levels in common; A has {named[0]}, B has {named[1]}",
    )
