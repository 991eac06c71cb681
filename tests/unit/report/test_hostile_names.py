"""Names that a user, a trainer or a data set chose, in every file of a report."""

import csv
from pathlib import Path

import pandas as pd
import pytest

from kvjob.records import layout
from kvjob.records.attempt import Attempt
from kvjob.records.document import write_document
from kvjob.records.run import Environment, SampleIndex
from kvjob.report import build_report
from kvjob.study import Experiment
from tests.unit.report.example import NOW, MemoryStore, diverge, finish, make_study, write_samples
from tests.unit.report.test_page import Outline

EVIL = '"><script>alert(1)</script><img src=x onload=f()>\x1b]0;a\x07 \\input{/etc/passwd} [x](javascript:1)'
FORMULA = "=cmd|' /C calc'!A0"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = MemoryStore()
    levels = [
        {"name": "adam", "label": EVIL[:100], "changes": {"optimizer": "adam"}},
        {"name": "sgd", "label": FORMULA, "changes": {"optimizer": "sgd"}},
        {"name": "rmsprop", "label": "-1+1|x", "changes": {"optimizer": "rmsprop"}},
    ]
    evil = Experiment(
        name="evil", title=EVIL[:200], question=EVIL, factor="optimizer", unit=EVIL[:20], levels=levels
    )
    plan = make_study(store, evil, title=EVIL)
    first, second, third = plan.runs
    finish(store, first, epochs=2, images=6, samples=1, side=16)
    diverge(store, second)
    finish(store, third, epochs=2, images=6, samples=1, side=16)
    # what trainers and data sets say
    key = layout.attempt(second.key, 1)
    attempt = Attempt.model_validate_json(store.objects[key])
    said = {"message": EVIL, "node": EVIL, "device": EVIL, "warnings": (EVIL, FORMULA), "cause": "bug"}
    write_document(store, key, attempt.model_copy(update=said))
    store.delete(layout.run(second.key, "result.json"))
    key = layout.run(first.key, "environment.json")
    environment = Environment.model_validate_json(store.objects[key])
    changes = {"device": EVIL, "platform": EVIL, "image": EVIL, "cuda": EVIL, "libraries": {EVIL: EVIL}}
    write_document(store, key, environment.model_copy(update=changes))
    for run in (first, third):
        key = layout.run(run.key, "scores.csv")
        store.objects[key] = store.objects[key].replace(
            b"image-000", b'"' + EVIL.replace('"', '""').encode() + b'"'
        )
        write_samples(store, run, 1, 16, 0.5)
        key = layout.sample(run.key, "index.json")
        index = SampleIndex.model_validate_json(store.objects[key])
        write_document(store, key, SampleIndex(samples=(index.samples[0].model_copy(update={"name": EVIL}),)))
    return build_report(store, "paper", tmp_path_factory.mktemp("evil") / "out", now=NOW).parent


def test_the_page_and_its_figures_make_no_element_of_a_name(folder: Path):
    for path in (folder / "index.html", *folder.glob("figures/*.svg")):
        page = Outline(path.read_text(encoding="utf-8"))
        assert not page.all("script"), path
        assert not [tag for tag, _ in page.tags if tag == "img"], path
        names = {name for _, attributes in page.tags for name in attributes}
        assert not {name for name in names if name.startswith("on")}, path
        links = {attributes.get("href", "") for _, attributes in page.tags}
        assert not {link for link in links if link.lower().startswith("javascript")}, path
    assert "alert(1)" in Outline((folder / "index.html").read_text(encoding="utf-8")).words


def test_no_file_of_the_report_steers_a_terminal(folder: Path):
    written = [
        path
        for path in folder.rglob("*")
        if path.suffix in (".html", ".svg", ".csv", ".md", ".tex", ".yaml", ".json")
    ]
    assert len(written) > 8
    for path in written:
        assert not {"\x1b", "\x07"} & set(path.read_text(encoding="utf-8")), path


def test_no_cell_of_a_csv_is_a_formula(folder: Path):
    cells = [
        cell
        for path in folder.rglob("*.csv")
        for row in csv.reader(path.open(encoding="utf-8"))
        for cell in row
    ]
    assert f"'{FORMULA}" in cells
    for cell in cells:
        if cell.lstrip().startswith(("=", "+", "-", "@")):
            float(cell)


def test_no_text_of_a_parquet_file_steers_a_terminal(folder: Path):
    for path in folder.glob("data/*.parquet"):
        frame = pd.read_parquet(path)
        texts = [text for name in frame.select_dtypes(object) for text in frame[name].dropna()]
        assert not {"\x1b", "\x07", "\n"} & set("".join(texts)), path
        assert all(name.isidentifier() for name in frame.columns), path


def test_latex_and_markdown_show_a_name_and_obey_none(folder: Path):
    tex = "".join(path.read_text(encoding="utf-8") for path in folder.glob("tables/*.tex"))
    assert r"\input{" not in tex
    assert r"\textbackslash{}input" in tex
    markdown = "".join(path.read_text(encoding="utf-8") for path in folder.glob("tables/*.md"))
    assert "<script>" not in markdown.replace(r"\<", "")
    assert "](javascript" not in markdown.replace(r"\]", "")
