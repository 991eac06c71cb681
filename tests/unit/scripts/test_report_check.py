import subprocess
from pathlib import Path

import pytest

from tests.unit.scripts.bare_path import use_only

CHECK = Path(__file__).parents[3] / "scripts" / "report" / "check"


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that looks like a report, and a PATH without node and browsers."""
    use_only(["bash", "dirname"], tmp_path / "tools", monkeypatch)
    folder = tmp_path / "report"
    folder.mkdir()
    for name in ("index.html", "report.json"):
        (folder / name).touch()
    return folder


def check(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [CHECK, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_folder_without_a_report_is_refused(report: Path) -> None:
    (report / "report.json").unlink()
    result = check(report)
    assert result.returncode == 78
    assert f"{report} is no report" in result.stderr


def test_no_folder_at_all_shows_the_usage(report: Path) -> None:
    result = check()
    assert result.returncode == 78
    assert "usage: scripts/report/check FOLDER" in result.stderr


def test_without_node_it_says_what_to_install(report: Path) -> None:
    result = check(report)
    assert result.returncode == 69
    assert "node is missing (Debian: nodejs npm)" in result.stderr
