"""What `kvjob gc` shows, when it asks, and what it refuses."""

import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kvjob.records import layout
from kvjob.store import Store, open_store
from tests.unit.cli.test_fetch import kvjob
from tests.unit.report.example import make_study

Capture = pytest.CaptureFixture[str]
LOST = "runs/abc/checkpoints/00001-aaaaaaaa/model.safetensors"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A study, a checkpoint of which the manifest is missing, a file of a killed writer, and an odd run."""
    made = open_store(str(tmp_path / "store"))
    make_study(made, "optimizer")
    made.write(LOST, bytes(2048))
    made.write(layout.run("def", "result.json"), b"{}")
    (tmp_path / "store/runs/.kvjob-part-0123456789abcdef").write_bytes(bytes(100))
    long_ago = time.time() - 7200
    for path in (tmp_path / "store").rglob("*"):
        os.utime(path, (long_ago, long_ago))
    return made


def files(store: Store) -> set[str]:
    return {str(path.relative_to(store.url)) for path in Path(store.url).rglob("*") if path.is_file()}


def test_a_dry_run_shows_by_kind_what_would_go_and_deletes_nothing(store, monkeypatch, capsys: Capture):
    before = files(store)
    assert kvjob(monkeypatch, "gc", "--store", store.url, "--dry-run") == 0
    out = capsys.readouterr().out
    assert [line.split() for line in out.splitlines()[:4]] == [
        ["to", "delete", "number", "objects", "size"],
        ["incomplete", "checkpoints", "1", "1", "2.0", "kB"],
        ["interrupted", "writes", "1", "1", "100", "bytes"],
        ["total:", "2", "objects,", "2.1", "kB"],
    ]
    assert "runs that no study plans: 2 objects" in out
    assert "  runs/abc/\n  runs/def/\n" in out
    assert out.endswith("nothing was deleted\n")
    assert files(store) == before


def test_yes_deletes_and_once_more_finds_nothing(store, monkeypatch, capsys: Capture):
    before = files(store)
    monkeypatch.setenv("KVJOB_STORE", store.url)
    assert kvjob(monkeypatch, "gc", "--yes") == 0
    assert capsys.readouterr().out.endswith("deleted: 2 objects, 2.1 kB\n")
    assert before - files(store) == {LOST, "runs/.kvjob-part-0123456789abcdef"}
    assert kvjob(monkeypatch, "gc", "--yes") == 0
    assert capsys.readouterr().out.startswith(f"{store.url}: nothing to delete\n")


def test_json_says_the_same_to_programs(store, monkeypatch, capsys: Capture):
    assert kvjob(monkeypatch, "gc", "--store", store.url, "--yes", "--json", "--unplanned-runs") == 0
    told = json.loads(capsys.readouterr().out)
    rows = [(row["kind"], row["name"], row["objects"], row["bytes"]) for row in told["removed"]]
    assert rows == [
        ("unfinished", "runs/.kvjob-part-0123456789abcdef", 1, 100),
        ("run", "runs/abc/", 1, 2048),
        ("run", "runs/def/", 1, 2),
    ]
    assert told["waste"] == told["removed"]
    assert (told["grace_seconds"], told["young"], told["kept"], told["spared"]) == (3600, [], [], [])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "there is nobody to ask whether to delete. Give --dry-run to look, or --yes to delete."),
        (["--json"], "there is nobody to ask whether to delete"),
        (["--dry-run", "--yes"], "--yes: deletes, and --dry-run does not"),
        (["--yes", "-n", "lab"], "names a store, and -n lab another"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_deleted(
    store, options, told, monkeypatch, capsys: Capture
):
    before = files(store)
    assert kvjob(monkeypatch, "gc", "--store", store.url, *options) == 78
    assert told in capsys.readouterr().err
    assert files(store) == before


@pytest.mark.parametrize(("answer", "left"), [("n", True), ("y", False)])
def test_on_a_terminal_it_asks(store, answer, left):
    main, terminal = pty.openpty()
    command = [sys.executable, "-m", "kvjob", "gc", "--store", store.url]
    dumb = {**os.environ, "TERM": "dumb"}
    with subprocess.Popen(
        command, stdin=terminal, stdout=terminal, stderr=subprocess.DEVNULL, env=dumb
    ) as process:
        os.close(terminal)
        shown = b""
        while b"Delete these? [y/N]" not in shown:
            shown += os.read(main, 4096)
        os.write(main, f"{answer}\n".encode())
        assert process.wait(60) == 0
    os.close(main)
    assert b"incomplete checkpoints" in shown
    assert (LOST in files(store)) == left


def test_damage_is_named_on_the_way(store, monkeypatch, capsys: Capture):
    store.write("studies/other/plan.json", b"{")
    assert kvjob(monkeypatch, "gc", "--store", store.url, "--dry-run") == 0
    kept = f"Kept whole: data sets, weights and unplanned runs: {store.url}/studies/other/plan.json: not JSON"
    assert kept in capsys.readouterr().out
