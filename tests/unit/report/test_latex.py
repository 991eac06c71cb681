import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pylatexenc.latex2text import LatexNodes2Text
from pylatexenc.latexwalker import LatexWalker

from kvjob.report import build_report
from kvjob.report.latex.escape import code, escape, sentence
from kvjob.study import Experiment
from tests.unit.report.conftest import EVIL
from tests.unit.report.example import NOW, MemoryStore, finish, make_study

NAUGHTY = r"\input{/etc/passwd} \end{document} 100 % of $x_1^2$ & ~#{}|<>`'\" [u] 中 é − ±"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = MemoryStore()
    levels = [
        {"name": "bce", "label": NAUGHTY, "changes": {"loss": "bce"}},
        {"name": "dice", "label": EVIL, "changes": {"loss": "dice"}},
    ]
    own = Experiment.model_validate(
        {"name": "own_1", "title": NAUGHTY, "question": NAUGHTY, "factor": "loss", "levels": levels}
    )
    plan = make_study(store, own, "optimizer", title=NAUGHTY, seeds=2)
    for run in plan.runs[:-1]:
        finish(store, run, epochs=3, images=12, samples=1, side=32)
    return build_report(store, "paper", tmp_path_factory.mktemp("latex") / "out", now=NOW).parent


@pytest.fixture(scope="module")
def tex(folder: Path) -> str:
    return (folder / "latex" / "paper.tex").read_text(encoding="utf-8")


def body(folder: Path, tex: str) -> str:
    """The paper with its tables in place, as LaTeX reads it."""
    return re.sub(
        r"\\input\{([^}]+)\}", lambda match: (folder / f"{match[1]}.tex").read_text(encoding="utf-8"), tex
    )


def test_every_table_and_figure_of_the_report_is_in_it_once(folder: Path, tex: str):
    tables = {path.stem for path in folder.glob("tables/*.tex")}
    figures = {path.stem for path in folder.glob("figures/*.png")}
    narrow = {path.stem.removesuffix("-column") for path in folder.glob("figures/*-column.pdf")}
    assert len(tables) > 3
    assert len(figures) > 3
    inputs = re.findall(r"\\input\{tables/([^}]+)\}", tex)
    pictures = re.findall(r"\\includegraphics\[[^]]*\]\{([^}]+)\}", tex)
    assert sorted(inputs) == sorted(tables)
    assert sorted(pictures) == sorted(f"{name}-column" if name in narrow else name for name in figures)
    assert narrow < figures


def test_its_braces_and_environments_are_balanced(folder: Path, tex: str):
    nodes, _, _ = LatexWalker(body(folder, tex), tolerant_parsing=False).get_latex_nodes()
    assert nodes


def test_all_that_is_referred_to_is_there_and_nothing_is_named_twice(folder: Path, tex: str):
    text = body(folder, tex)
    labels = re.findall(r"\\label\{([^}]+)\}", text)
    assert len(labels) == len(set(labels))
    assert set(re.findall(r"\\ref\{([^}]+)\}", text)) <= set(labels)
    entries = re.findall(r"\\bibitem\{([^}]+)\}", text)
    assert set(re.findall(r"\\cite\{([^}]+)\}", text)) == set(entries)


def test_no_name_is_a_command(tex: str, folder: Path):
    text = body(folder, tex)
    assert r"\input{/etc" not in text
    assert text.count(r"\end{document}") == 1
    assert r"\textbackslash{}input" in text


def test_it_numbers_tables_and_figures_as_the_report_does(tex: str):
    assert "\\setcounter{table}{2}\n\\input{tables/table-03-optimizer}" in tex
    assert re.search(
        r"\\setcounter\{figure\}\{11\}\s+\\includegraphics\[[^]]*\]\{figure-12-iou-by-optimizer-column\}", tex
    )


def test_it_says_what_was_found_and_how_to_make_it_again(tex: str):
    words = " ".join(LatexNodes2Text().latex_to_text(tex).split())
    assert "RMSprop scores best of the three optimisers" in words
    assert "Data set: dddddddddddd" in words
    assert "torch 2.9.0" in words
    assert r"\texttt{kvjob report paper {-}{-}store store {-}{-}out report}" in tex


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex with IEEEtran")
def test_it_compiles_without_an_error_or_a_reference_to_nothing(folder: Path, tmp_path: Path):
    report = tmp_path / "report"
    shutil.copytree(folder, report)
    for _ in range(2):
        done = subprocess.run(
            ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"],
            cwd=report / "latex", capture_output=True, text=True, check=False, errors="replace",
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-2000:]
    log = (report / "latex" / "paper.log").read_text(errors="replace")
    assert not re.findall(r"LaTeX Warning: .*(?:undefined|multiply|Rerun).*", log)
    assert "Missing character" not in log


@settings(max_examples=50, deadline=None)
@given(st.text())
def test_whatever_a_text_says_it_is_text(text: str):
    for written in (escape(text), code(text), sentence(text)):
        LatexWalker(written, tolerant_parsing=False).get_latex_nodes()
        bare = re.sub(r"\\[a-z]+\{\}|-\{\}|\\[&%$#_{}]|\$\\?[a-z0-9^-]+\$|\\(texttt|allowbreak)", "", written)
        assert not set('\\%#&_^~"') & set(bare)


def test_two_hyphens_do_not_become_a_dash():
    assert escape("add --seed") == "add -{}-seed"
    assert escape("1–2") == "1--2"


def test_a_sentence_ends_once():
    assert sentence("Better: SGD") == "Better: SGD."
    assert sentence("Which one?") == "Which one?"


def test_code_keeps_its_signs():
    assert code("--set it's=1") == r"\texttt{{-}{-}set it\textquotesingle{}s=\allowbreak{}1}"
