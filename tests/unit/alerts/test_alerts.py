"""Every alert fires when it should and is silent when it should not, as Prometheus' own promtool finds.

One file per alert, of series and of the moments at which they are looked at.
"""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.observe.server import programs

ROOT = Path(__file__).parents[3]
RULES = ROOT / "charts/kvjob/files/alerts.yaml"
NAMES = [
    rule["alert"]
    for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]


def promtool(*arguments: object) -> str:
    try:
        tool = programs() / "promtool"
    except FileNotFoundError as error:
        pytest.skip(str(error))
    line = [str(tool), *map(str, arguments)]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_prometheus_reads_the_file():
    assert f"{len(NAMES)} rules found" in promtool("check", "rules", RULES)


@pytest.mark.parametrize("name", NAMES)
def test_an_alert_fires_when_it_should_and_only_then(name):
    promtool("test", "rules", Path(__file__).parent / f"{name}.yaml")


@pytest.mark.parametrize("name", NAMES)
def test_both_are_tried_of_every_alert(name):
    tests: list[Any] = yaml.safe_load((Path(__file__).parent / f"{name}.yaml").read_text(encoding="utf-8"))[
        "tests"
    ]
    looks = [look for test in tests for look in test["alert_rule_test"]]
    assert {look["alertname"] for look in looks} == {name}
    assert [look for look in looks if look["exp_alerts"]]
    assert [test["name"] for test in tests if not any(look["exp_alerts"] for look in test["alert_rule_test"])]
