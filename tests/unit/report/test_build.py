import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from kvjob.errors import ConfigurationError, StoreError
from kvjob.experiments import parse_study
from kvjob.records import layout
from kvjob.report import build_report, publish
from kvjob.study import plan
from tests.unit.report.example import CODE, DATASET, NOW, MemoryStore, make_study, start


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }


def test_every_table_and_figure_there_is_something_for_is_a_file(mixed_report: Path):
    tables = {path.stem for path in (mixed_report / "tables").iterdir()}
    assert tables == {
        "table-01-model",
        "table-02-augmentation",
        "table-03-optimizer",
        "table-beside-paper",
        "table-claims",
        "table-protocol",
        "table-published",
        "table-recommended",
        "table-runs",
    }
    assert {path.suffix for path in (mixed_report / "tables").iterdir()} == {".csv", ".md", ".tex"}
    figures = {path.name for path in (mixed_report / "figures").iterdir() if path.is_file()}
    stems = (
        "figure-00-overview",
        "figure-00-pareto",
        "figure-09-bars-by-augmentation",
        "figure-10-augmented",
        "figure-11-iou-by-augmentation",
        "figure-12-iou-by-optimizer",
        "figure-14-bars-by-optimizer",
        "figure-15-predictions-by-optimizer",
    )
    pictures = {"figure-10-augmented", "figure-15-predictions-by-optimizer"}
    columns = {f"{stem}-column.pdf" for stem in stems if stem not in pictures}
    assert figures == columns | {f"{stem}.{suffix}" for stem in stems for suffix in ("svg", "pdf", "png")}


@pytest.mark.usefixtures("one_core")
def test_the_same_store_gives_the_same_bytes_on_one_core_and_on_two_and_each_object_is_read_once(
    mixed: MemoryStore, mixed_report: Path, tmp_path: Path
):
    mixed.reads.clear()
    again = build_report(mixed, "paper", tmp_path / "again", now=NOW).parent
    assert set(mixed.reads.values()) == {1}
    assert digests(again) == digests(mixed_report)


def test_report_json_holds_what_the_page_says(mixed_report: Path):
    record = json.loads((mixed_report / "report.json").read_text())
    assert record["format"] == 1
    others = {"interrupted": 1, "missing": 1, "running": 1, "diverged": 1, "failed": 1}
    assert record["standings"] == {"finished": 7, **others}
    rows = {level["level"]: level for each in record["experiments"] for level in each["levels"]}
    flip = rows["flip"]
    assert flip["difference"]["low"] <= flip["difference"]["mean"] <= flip["difference"]["high"]
    assert flip["difference"]["p"] <= flip["difference"]["adjusted_p"]
    assert flip["dice_difference"]["images"] == flip["difference"]["images"]
    assert rows["sgd"]["mean_over_images"] is None
    first = record["runs"][1]
    assert [attempt["cause"] for attempt in first["attempts"]] == ["lost", "finished"]
    assert first["config"]["seed"] == 1
    assert set(record["files"]) <= {
        path.relative_to(mixed_report).as_posix() for path in mixed_report.rglob("*.*")
    }


def test_the_study_beside_the_page_plans_the_same_runs(mixed: MemoryStore, mixed_report: Path):
    values = yaml.safe_load((mixed_report / "study.yaml").read_text())
    keys = {run.key for run in plan(parse_study(values, "study.yaml"), DATASET, CODE).runs}
    assert keys == {run["key"] for run in json.loads((mixed_report / "report.json").read_text())["runs"]}


def test_an_earlier_report_is_replaced_whole(store: MemoryStore, tmp_path: Path):
    make_study(store, "encoder")
    out = tmp_path / "deep" / "out"
    build_report(store, "paper", out, now=NOW)
    (out / "tables" / "table-99-old.csv").write_text("left over")
    build_report(store, "paper", out, now=NOW)
    assert not (out / "tables" / "table-99-old.csv").exists()
    assert [path.name for path in out.parent.iterdir()] == ["out"], "nothing is left beside it"


def test_a_folder_with_other_things_is_left_alone(store: MemoryStore, tmp_path: Path):
    make_study(store, "encoder")
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ConfigurationError, match="not empty, and not a report"):
        build_report(store, "paper", tmp_path, now=NOW)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_file_in_its_place_is_refused(store: MemoryStore, tmp_path: Path):
    make_study(store, "encoder")
    (tmp_path / "out").write_text("")
    with pytest.raises(ConfigurationError, match="not a folder"):
        build_report(store, "paper", tmp_path / "out", now=NOW)


def test_a_place_that_cannot_be_written_is_named(store: MemoryStore, tmp_path: Path):
    make_study(store, "encoder")
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="out: File exists"):
        build_report(store, "paper", tmp_path / "file" / "out", now=NOW)


def test_an_earlier_report_stays_when_a_new_one_fails(store: MemoryStore, tmp_path: Path):
    make_study(store, "encoder")
    out = tmp_path / "out"
    build_report(store, "paper", out, now=NOW)
    before = digests(out)

    def fail(what: str, done: int, total: int) -> None:
        if done == 2:
            raise StoreError("gone", where="store", fix="Wait")

    with pytest.raises(StoreError):
        build_report(store, "paper", out, fail, now=NOW)
    assert digests(out) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_progress_counts_up_to_the_page(store: MemoryStore, tmp_path: Path):
    make_study(store, "encoder")
    seen: list[tuple[str, int, int]] = []
    build_report(store, "paper", tmp_path / "out", lambda *step: seen.append(step), now=NOW)
    assert [done for _, done, _ in seen] == list(range(8))
    assert seen[0] == ("Overview", 0, 7)
    assert seen[-1] == ("page", 7, 7)


def test_an_empty_current_folder_becomes_the_report(store: MemoryStore, tmp_path: Path, monkeypatch):
    make_study(store, "encoder")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    build_report(store, "paper", Path(), now=NOW)
    assert (tmp_path / "here" / "index.html").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["here"]


def test_an_unknown_study_names_those_there_are(store: MemoryStore, tmp_path: Path):
    make_study(store, "optimizer", name="mine")
    with pytest.raises(ConfigurationError, match="Choose one of mine"):
        build_report(store, "paper", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_own_published_values_stand_in_the_tables(store: MemoryStore, tmp_path: Path):
    start(store, make_study(store, "optimizer").runs[0], epochs=1)
    values = json.loads((Path(__file__).parents[3] / "kvjob/report/published.json").read_text())
    values["paper"]["tables"][1]["levels"]["sgd"]["recall"] = 0.4321
    (tmp_path / "mine.json").write_text(json.dumps(values))
    folder = build_report(store, "paper", tmp_path / "out", published=tmp_path / "mine.json").parent
    assert "0.4321" in (folder / "tables" / "table-03-optimizer.md").read_text()


def test_publishing_puts_the_report_into_the_store_and_takes_old_files_away(
    store: MemoryStore, tmp_path: Path
):
    make_study(store, "encoder")
    folder = build_report(store, "paper", tmp_path / "out", now=NOW).parent
    store.write(layout.study("paper", "report/tables/old.csv"), b"")
    assert publish(store, "paper", folder) == "studies/paper/report/index.html"
    prefix = layout.study("paper", "report/")
    published = {key.removeprefix(prefix) for key in store.objects if key.startswith(prefix)}
    assert published == set(digests(folder))
    assert list(store.objects)[-1] == f"{prefix}index.html", "the page comes after all it shows"
    assert layout.study("paper", "plan.json") in store.objects


def test_the_report_needs_no_torch():
    code = "import sys, kvjob.report; sys.exit(any(name.split('.')[0] == 'torch' for name in sys.modules))"
    assert (
        subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[3]).returncode
        == 0
    )
