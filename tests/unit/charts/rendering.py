"""`helm` as the tests of the chart use it: no cluster takes part."""

import functools
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
CHART = ROOT / "charts/kvjob"
SCENARIOS = sorted(path.stem.removesuffix("-values") for path in (CHART / "ci").glob("*-values.yaml"))
EVERY = ["", *SCENARIOS]
"""The defaults, and all scenarios."""

Object = dict[str, Any]


@functools.cache
def helm_binary() -> str:
    """Helm of the PATH, or the one that scripts/cluster built."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "kvjob/cluster"
    built = sorted(cache.glob("bin-*/helm"), key=lambda path: path.stat().st_mtime)
    found = shutil.which("helm") or (str(built[-1]) if built else None)
    if found is None:
        pytest.skip("no helm here: install it, or have scripts/cluster/build make one")
    return found


def helm(*arguments: object) -> subprocess.CompletedProcess[str]:
    line = [helm_binary(), *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)


def values_of(scenario: str) -> list[str]:
    return ["-f", str(CHART / f"ci/{scenario}-values.yaml")] if scenario else []


def template(*arguments: object) -> subprocess.CompletedProcess[str]:
    return helm("template", "kvjob", CHART, "-n", "studies", *arguments)


@functools.cache
def rendered(scenario: str = "", *settings: str) -> dict[tuple[str, str], Object]:
    """All objects of a scenario with more settings (NAME=VALUE), by kind and name."""
    more = [part for setting in settings for part in ("--set-json", setting)]
    result = template(*values_of(scenario), *more)
    assert result.returncode == 0, result.stderr
    objects = [each for each in yaml.safe_load_all(result.stdout) if each]
    return {(each["kind"], each["metadata"]["name"]): each for each in objects}


def refusal(*settings: str) -> str:
    """What helm says of settings (NAME=VALUE) that it must refuse."""
    result = template(*(part for setting in settings for part in ("--set-json", setting)))
    assert result.returncode != 0, f"accepted: {settings}"
    return result.stderr


def study(scenario: str = "", *settings: str) -> Object:
    """The WorkflowTemplate's specification."""
    spec: Object = rendered(scenario, *settings)["WorkflowTemplate", "kvjob-study"]["spec"]
    return spec


def step(name: str, scenario: str = "", *settings: str) -> Object:
    """One template of it."""
    return next(each for each in study(scenario, *settings)["templates"] if each["name"] == name)


def env(name: str, scenario: str = "", *settings: str) -> dict[str, Any]:
    """Variables of a step's container that have a value."""
    variables = step(name, scenario, *settings)["container"]["env"]
    return {each["name"]: each["value"] for each in variables if "value" in each}


def source() -> Object:
    """The WorkflowTemplate as kvjob renders it."""
    loaded: Object = json.loads((CHART / "files/kvjob-study.json").read_text(encoding="utf-8"))
    return loaded
