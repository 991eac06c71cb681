"""A report out of its store, whole or not at all, and where the verbs of a cluster look."""

from pathlib import Path

import pytest

from kvjob.cli import main
from kvjob.cli.fetch import _bring, _report
from kvjob.errors import ConfigurationError, StoreError
from kvjob.records import layout
from kvjob.records.document import write_document
from kvjob.store import Store, open_store
from tests.unit.local.test_status import PLAN, StudyRecord

FILES = {"index.html": b"<p>page", "report.json": b"{}", "figures/a.svg": b"<svg/>", "tables/a.csv": b"1,2"}

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A study with a report."""
    from datetime import UTC, datetime

    made = open_store(str(tmp_path / "store"))
    record = StudyRecord(plan=PLAN, planned=datetime.now(UTC), image_counts={"train": 16, "test": 4})
    write_document(made, layout.study("tiny", "plan.json"), record)
    for name, data in FILES.items():
        made.write(layout.study("tiny", f"report/{name}"), data)
    return made


def kvjob(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr("sys.argv", ["kvjob", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        main()
    return int(end.value.code or 0)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_report_arrives_whole_and_its_page_is_named(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    out = tmp_path / "new" / "report"
    assert kvjob(monkeypatch, "fetch", "tiny", "--store", store.url, "--out", out) == 0
    assert files(out) == FILES
    assert capsys.readouterr().out == f"{out}/index.html\n"


def test_an_older_report_is_replaced_and_anything_else_refused(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    out = tmp_path / "report"
    out.mkdir()
    (out / "index.html").write_text("old")
    (out / "report.json").write_text("old")
    (out / "left-over").write_text("old")
    monkeypatch.setenv("KVJOB_STORE", store.url)
    assert kvjob(monkeypatch, "fetch", "tiny", "--out", out) == 0
    assert files(out) == FILES
    assert kvjob(monkeypatch, "fetch", "tiny", "--out", tmp_path / "store") == 78
    assert "not empty, and not a report that could be replaced" in capsys.readouterr().err


def test_no_such_study_and_no_report_yet_are_told_apart(store: Store) -> None:
    with pytest.raises(ConfigurationError, match="no study 'other' in this store. Choose one of tiny"):
        _report(store, "other")
    store.delete(layout.study("tiny", "report/index.html"))
    with pytest.raises(ConfigurationError, match="study 'tiny' has no report yet. Wait for its workflow"):
        _report(store, "tiny")


def test_a_report_that_changes_on_the_way_leaves_nothing(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    found = _report(store, "tiny")
    store.delete(layout.study("tiny", "report/tables/a.csv"))
    (tmp_path / "out").mkdir()
    with pytest.raises(StoreError, match="the report was replaced while it was fetched"):
        _bring(store, found, tmp_path / "out", lambda *_: None)

    monkeypatch.setattr("kvjob.cli.fetch._report", lambda *_: found)
    out = tmp_path / "report"
    assert kvjob(monkeypatch, "fetch", "tiny", "--store", store.url, "--out", out) == 74
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "store"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "--store: not said where the study lies. Give --store URL, or -n NS"),
        (["-n", "lab", "--store", "x"], "--store x: names a store, and -n lab another. Give one of the two."),
        (["--context", "c", "--store", "x"], "--context: needs a namespace."),
    ],
)
@pytest.mark.parametrize("verb", [["status", "tiny"], ["fetch", "tiny", "--out", "new"]])
def test_one_place_must_be_named(
    verb: list[str],
    options: list[str],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KVJOB_STORE", raising=False)
    assert kvjob(monkeypatch, *verb, *options) == 78
    assert told in capsys.readouterr().err


def test_a_namespace_goes_before_the_environments_store(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("KVJOB_STORE", store.url)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    assert kvjob(monkeypatch, "status", "tiny", "-n", "lab") == 78
    assert f"kubeconfig {tmp_path}/none: no such file" in capsys.readouterr().err


def test_the_store_alone_can_be_looked_at(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("KVJOB_STORE", store.url)
    assert kvjob(monkeypatch, "preflight", "--store-only") == 0
    assert capsys.readouterr().out == f"ok: store {store.url}: can be written and read\n"
    (tmp_path / "file").touch()
    monkeypatch.setenv("KVJOB_STORE", str(tmp_path / "file"))
    assert kvjob(monkeypatch, "preflight", "--store-only") == 74
    assert capsys.readouterr().out.startswith(f"failure: {tmp_path}/file")
    monkeypatch.delenv("KVJOB_STORE")
    assert kvjob(monkeypatch, "preflight", "--store-only") == 78
    assert "KVJOB_STORE: is not set" in capsys.readouterr().err


def test_a_preflight_without_a_namespace_or_a_study_for_its_options_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    assert kvjob(monkeypatch, "preflight", "paper") == 78
    assert "-n: not said where the study is to run" in capsys.readouterr().err
    assert kvjob(monkeypatch, "preflight", "-n", "lab", "--set", "epochs=1") == 78
    assert "--set: changes a study, and none is named. Name the study." in capsys.readouterr().err
