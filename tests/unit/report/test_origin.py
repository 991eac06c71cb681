"""What a report says of where it comes from, and that its commands do what they say."""

import json
import shlex
import shutil
from pathlib import Path

import pytest

from kvjob.data import synthesize
from kvjob.experiments import load_study, parse_study
from kvjob.prepare import prepare_study
from kvjob.records import layout
from kvjob.records.study import read_study
from kvjob.report import build_report
from kvjob.report.origin import STUDY_FILE
from kvjob.store import open_store
from tests.asking import ask
from tests.unit.report.example import NOW, MemoryStore, finish, make_study, write_attempt


def origin(folder: Path) -> dict:
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))["origin"]


def lines(folder: Path) -> list[str]:
    return [command["line"] for command in origin(folder)["commands"]]


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a data set, a store that has a built-in study planned with options, and its report."""
    folder = tmp_path_factory.mktemp("origin")
    synthesize(folder / "data", images=20)
    study = load_study("paper", preset="smoke", seeds=2, only=["optimizer", "activation"], base={"epochs": 3})
    store = open_store(str(folder / "store"))
    prepare_study(store, study, folder / "data", lambda *_: None)
    build_report(store, "paper", folder / "report", now=NOW)
    return folder


def keys(line: str) -> set[str]:
    """Run keys of the plan that a printed command leads to, in a folder where nothing is trained."""
    program, *words = shlex.split(line)
    assert program == "kvjob"
    said = ask(*words, "--json")
    assert said.code == 0, said.err
    return {run["key"] for run in json.loads(said.out)["runs"]}


def test_its_commands_plan_the_same_runs_elsewhere(
    planned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    printed = lines(planned / "report")
    monkeypatch.chdir(tmp_path)
    (tmp_path / STUDY_FILE).write_bytes((planned / "report" / STUDY_FILE).read_bytes())
    shutil.copytree(planned / "data", tmp_path / "data")
    expected = {run.key for run in read_study(open_store(str(planned / "store")), "paper").plan.runs}
    (by_file,) = [line for line in printed if line.startswith("kvjob plan")]
    assert keys(by_file) == expected
    (by_options,) = [line for line in printed if line.startswith("kvjob run paper ")]
    assert "--preset smoke --seeds 2 --only optimizer --only activation --set epochs=3" in by_options
    assert keys(by_options.replace("kvjob run", "kvjob plan").removesuffix(" --out report")) == expected


def test_a_study_of_ones_own_has_no_command_without_its_file(tmp_path: Path):
    store = MemoryStore()
    make_study(store, "optimizer", name="mine")
    printed = lines(build_report(store, "mine", tmp_path / "out", now=NOW).parent)
    assert not [line for line in printed if line.startswith("kvjob run mine")]
    assert "kvjob run study.yaml --data data --store store --out report" in printed


def test_the_workflow_gets_the_whole_study(mixed_report: Path):
    (line,) = [line for line in lines(mixed_report) if line.startswith("argo ")]
    words = shlex.split(line)
    assert "study=$(cat study.yaml)" in words
    assert words[words.index("--from") + 1] == "workflowtemplate/kvjob-study"


@pytest.mark.parametrize(("images", "line"), [(118, "fetch data"), (20, "check data")])
def test_the_data_set_is_told_by_its_images(tmp_path: Path, images: int, line: str):
    store = MemoryStore()
    make_study(store, "optimizer", test_images=images)
    printed = lines(build_report(store, "paper", tmp_path / "out", now=NOW).parent)
    assert printed[0] == f"kvjob data {line}"


def test_synthetic_scenes_are_made_again(tmp_path: Path):
    store = MemoryStore()
    plan = make_study(store, "optimizer")
    finish(store, plan.runs[0], epochs=1, samples=0)
    scores = layout.run(plan.runs[0].key, "scores.csv")
    store.objects[scores] = store.objects[scores].replace(b"image-", b"scene00")
    printed = lines(build_report(store, "paper", tmp_path / "out", now=NOW).parent)
    assert printed[0] == "kvjob data synth data --images 590"
    assert printed[-1].endswith("-p data=synthetic:590")


def test_it_says_when_runs_were_trained_and_with_what_the_report_was_made(mixed_report: Path):
    found = origin(mixed_report)
    assert found["first_start"] < found["last_end"]
    assert set(found["libraries"]) >= {"numpy", "scipy", "pandas", "matplotlib"}


def test_an_image_says_which_commit_it_was_built_from(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    from kvjob.report.origin import _commit

    monkeypatch.setenv("KVJOB_REVISION", "a" * 40)
    _commit.cache_clear()
    store = MemoryStore()
    plan = make_study(store, "optimizer")
    write_attempt(store, plan.runs[0], 1, epochs=range(1, 2), cause="finished")
    folder = build_report(store, "paper", tmp_path / "out", now=NOW).parent
    _commit.cache_clear()
    assert origin(folder)["commit"] == "a" * 40
    assert f"commit {'a' * 40}" in (folder / "index.html").read_text(encoding="utf-8")


def test_the_file_of_the_study_is_the_study(planned: Path):
    from kvjob.experiments.plain import plain_values

    text = (planned / "report" / STUDY_FILE).read_text(encoding="utf-8")
    again = parse_study(plain_values(text), "study.yaml")
    assert again == read_study(open_store(str(planned / "store")), "paper").plan.study
