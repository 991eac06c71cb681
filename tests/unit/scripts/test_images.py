"""What scripts/images decides before anything is built, and the pins that the images are made of."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.unit.scripts.bare_path import use_only

ROOT = Path(__file__).parents[3]
IMAGES = ROOT / "scripts" / "images"
NEEDED = ["awk", "bash", "dirname", "mkdir", "sed", "flock", "cat", "xargs"]


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without settings, and a PATH with neither Docker, buildah nor apt-get."""
    use_only(NEEDED, tmp_path / "tools", monkeypatch)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CACHE_HOME", "PIP_CONFIG_FILE", "PIP_INDEX_URL", "UV_CONFIG_FILE", "UV_DEFAULT_INDEX"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def call(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(IMAGES / program), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("program", ["build", "load"])
def test_an_unknown_image_is_refused_with_the_names_of_those_there_are(bare: Path, program: str) -> None:
    result = call(program, "tools", "trainers")
    assert result.returncode == 78
    assert "trainers" in result.stderr
    assert "tools trainer" in result.stderr


@pytest.mark.parametrize("option", [["--no-cache"], ["--build-arg"], ["--build-arg", "WEIGHTS"]])
def test_an_option_that_build_does_not_have_is_refused(bare: Path, option: list[str]) -> None:
    result = call("build", *option)
    assert result.returncode == 78
    assert option[0] in result.stderr


def test_without_a_builder_it_is_named(bare: Path) -> None:
    result = call("build")
    assert result.returncode == 69
    assert "install buildah" in result.stderr


def test_what_is_not_built_is_not_loaded(bare: Path) -> None:
    result = call("load", "trainer")
    assert result.returncode == 69
    assert f"run {IMAGES}/build trainer" in result.stderr


def secrets(folder: Path) -> dict[str, str]:
    """What a build is given, by the secret's name."""
    script = f"source {IMAGES}/secrets.sh; secret_options {folder}"
    lines = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True, check=True
    )
    found = re.findall(r"^--secret\nid=(\w+),src=(.+)$", lines.stdout, re.MULTILINE)
    return {name: Path(source).read_text() for name, source in found}


def test_a_build_reaches_indexes_as_pip_and_uv_do_here(bare: Path) -> None:
    for place, text in ((".config/pip/pip.conf", "index-url = pip's"), (".config/uv/uv.toml", "uv's")):
        (bare / place).parent.mkdir(parents=True)
        (bare / place).write_text(f"{text}\n")
    given = secrets(bare)
    assert given["pip"] == "index-url = pip's\n"
    assert given["uv"] == "uv's\n"


def test_a_build_is_given_no_path_of_this_machine_for_its_certificates(bare: Path) -> None:
    (bare / ".pip").mkdir()
    (bare / ".pip/pip.conf").write_text("[global]\ncert = /home/me/ours.pem\ntimeout = 3\n")
    assert secrets(bare)["pip"] == "[global]\ntimeout = 3\n"


def test_the_variables_of_pip_and_uv_win_over_their_files(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://one.example/simple")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://two.example/simple")
    given = secrets(bare)
    assert given["pip"] == "[global]\nindex-url = https://one.example/simple\n"
    assert given["uv"] == '[[index]]\nurl = "https://two.example/simple"\ndefault = true\n'


def pins(name: str) -> set[str]:
    lines = (ROOT / "requirements" / f"{name}.txt").read_text().splitlines()
    return {line for line in lines if not line.lstrip().startswith("#")}


def test_the_images_have_the_very_versions_that_are_tested() -> None:
    assert pins("tools") < pins("trainer") < pins("dev")


@pytest.mark.parametrize("name", ["tools", "trainer", "dev", "uv"])
def test_pins_say_name_and_version_and_no_address(name: str) -> None:
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", pin) for pin in pins(name))
