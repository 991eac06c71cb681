import subprocess
from pathlib import Path

import pytest

from tests.unit.scripts.bare_path import use_only

CLUSTER = Path(__file__).parents[3] / "scripts" / "cluster"
NEEDED = ["bash", "awk", "cat", "cut", "dirname", "ln", "mkdir", "mktemp", "rm", "sha256sum", "sort", "tail"]
GO_COMPONENTS = ["kube", "coredns", "mc", "argo", "helm", "kwok"]


@pytest.fixture
def no_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a PATH with what scripts need but no Go."""
    use_only(NEEDED, tmp_path / "tools", monkeypatch)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def build(*arguments: str) -> subprocess.CompletedProcess[str]:
    command: list[str | Path] = [CLUSTER / "build", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("component", GO_COMPONENTS)
def test_without_go_a_build_says_so_and_leaves_nothing_half_done(no_go: Path, component: str) -> None:
    result = build(component)
    assert result.returncode == 69
    assert "Go is not installed" in result.stderr
    assert component in result.stderr
    assert not no_go.exists()


def test_an_unknown_component_is_refused_with_the_names_of_those_there_are(no_go: Path) -> None:
    result = build("kubernetes")
    assert result.returncode == 78
    assert "kubernetes" in result.stderr
    assert "kube coredns minio mc argo helm kwok" in result.stderr


def test_skipping_everything_that_is_missing_builds_nothing(no_go: Path) -> None:
    result = build("--skip", "helm", "helm")
    assert result.returncode == 0
    assert Path(result.stdout.strip()).parent == no_go / "kvjob" / "cluster"


def test_what_was_built_is_only_linked(no_go: Path) -> None:
    folder = Path(build("--skip", "helm", "helm").stdout.strip())
    helm = folder.parent / "helm-v3.18.4" / "helm"
    helm.parent.mkdir()
    helm.touch(mode=0o755)
    assert build("helm").returncode == 0
    assert (folder / "helm").resolve() == helm


def test_a_build_that_fails_says_why_and_leaves_no_folder_under_its_key(no_go: Path) -> None:
    go = no_go.parent / "tools" / "go"
    go.write_text("#!/bin/sh\necho the module is gone\nexit 1\n")
    go.chmod(0o755)
    result = build("helm")
    assert result.returncode == 70
    assert "helm did not build" in result.stderr
    assert "the module is gone" in result.stderr
    assert list((no_go / "kvjob" / "cluster").iterdir()) == []
