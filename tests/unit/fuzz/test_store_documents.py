"""Documents of a store that somebody wrote to: every verb says so, or goes on with the rest."""

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kvjob.observe.exporter import Exporter
from kvjob.records.document import write_document
from kvjob.records.run import RunRecord
from kvjob.store import open_store
from tests.asking import ask
from tests.unit.fuzz.hostile import NAMES, damaged, objects
from tests.unit.report.example import CODE, DATASET, MemoryStore, diverge, finish, make_study, start

FUZZ = settings.get_profile("fuzz")
BINARY = (".png", ".csv")


@pytest.fixture(scope="module")
def sound() -> dict[str, bytes]:
    """The objects of a study in which runs are finished, diverged, broken off, at work and not begun."""
    store = MemoryStore()
    plan = make_study(store, "optimizer", "activation")
    first, second, third, fourth, *_ = plan.runs
    finish(store, first, epochs=3, images=6, samples=1, side=16)
    diverge(store, second)
    start(store, third, epochs=2, cause="interrupted")
    start(store, fourth, epochs=2, cause="running")
    for run in plan.runs[:4]:
        small = run.config.model_copy(update={"encoder": "tu-mobilenetv3_small_100"})
        record = RunRecord(key=run.key, config=small, dataset=DATASET, code=CODE)
        write_document(store, f"runs/{run.key}/config.json", record)
    for name in ("index.html", "report.json", "tables/runs.csv"):
        store.write(f"studies/paper/report/{name}", b"{}")
    return store.objects


def lay(objects: dict[str, bytes], folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for key, data in objects.items():
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / key).write_bytes(data)


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def look(folder: Path) -> None:
    """Every verb that only reads, and the exporter."""
    before = everything(folder)
    ask("status", "paper", "--store", folder)
    as_json = ask("status", "paper", "--store", folder, "--json")
    if as_json.code == 0:
        json.loads(as_json.out)
    ask("verdict", "paper", "--store", folder)
    ask("plan", "paper", "--store", folder)
    ask("fetch", "paper", "--store", folder, "--out", folder.with_name("fetched"))
    ask("predict", "none.jpg", "--store", folder, "--out", folder.with_name("masks"))
    exporter = Exporter(open_store(str(folder)), None, None, str)
    exporter.refresh()
    exporter.page()
    assert everything(folder) == before
    assert {path.name for path in folder.parent.iterdir()} <= {folder.name, "fetched", "report", "masks"}


@settings(FUZZ, max_examples=FUZZ.max_examples * 2)
@given(data=st.data())
def test_a_document_somebody_wrote_is_told_in_one_message(data, sound, tmp_path):
    key = data.draw(st.sampled_from(sorted(key for key in sound if key.endswith(".json"))))
    lay({**sound, key: data.draw(objects(sound[key]))}, tmp_path / "store")
    look(tmp_path / "store")


@settings(FUZZ, max_examples=max(4, FUZZ.max_examples // 4))
@given(data=st.data())
def test_a_report_is_made_of_whatever_lies_there_or_refused(data, sound, tmp_path):
    key = data.draw(st.sampled_from(sorted(key for key in sound if "/report/" not in key)))
    new = damaged(sound[key]) if key.endswith(BINARY) else objects(sound[key])
    lay({**sound, key: data.draw(new)}, tmp_path / "store")
    shutil.rmtree(tmp_path / "report", ignore_errors=True)
    said = ask("report", "paper", "--store", tmp_path / "store", "--out", tmp_path / "report")
    assert (tmp_path / "report/index.html").exists() == (said.code == 0)
    assert sorted(path.name for path in tmp_path.iterdir()) in (["report", "store"], ["store"])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("verb", ["status", "verdict", "report", "fetch"])
def test_a_study_name_leads_nowhere_else(verb, name, sound, tmp_path):
    lay(sound, tmp_path / "store")
    out = ("--out", tmp_path / "out") if verb in ("report", "fetch") else ()
    said = ask(verb, *out, "--store", tmp_path / "store", "--", name)
    assert said.code == 78
    assert not (tmp_path / "out").exists()


def test_a_link_in_a_store_is_not_followed(sound, tmp_path):
    lay(sound, tmp_path / "store")
    plan = tmp_path / "store/studies/paper/plan.json"
    shutil.move(plan, tmp_path / "elsewhere.json")
    plan.symlink_to(tmp_path / "elsewhere.json")
    for verb in ("status", "verdict"):
        assert "symbolic link" in ask(verb, "paper", "--store", tmp_path / "store").err
