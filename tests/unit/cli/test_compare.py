"""`kvjob compare` on the command line."""

from pathlib import Path

from kvjob.store import open_store
from tests.asking import ask
from tests.unit.report.example import finish, make_study


def test_it_prints_a_table_and_where_the_page_lies(tmp_path: Path):
    for name in "ab":
        store = open_store(str(tmp_path / name))
        plan = make_study(store, "optimizer", base={} if name == "a" else {"learning_rate": 0.003})
        for run in plan.runs:
            finish(store, run, epochs=2, samples=1, side=16)
    places = "--store", tmp_path / "a", "--store-b", tmp_path / "b", "--out", tmp_path / "out"
    said = ask("compare", "paper", "paper", *places)
    lines = said.out.splitlines()
    assert said.code == 0
    assert lines[0] == "learning_rate: A 0.0001, B 0.003"
    assert any(line.startswith("optimizer=sgd") for line in lines)
    assert lines[-1] == str(tmp_path / "out" / "index.html")


def test_mistakes_are_one_message(tmp_path: Path):
    make_study(open_store(str(tmp_path / "a")), "optimizer")
    said = ask("compare", "paper", "none", "--store", tmp_path / "a", "--out", tmp_path / "out")
    assert said.code == 78
    assert "no study 'none'" in said.err
