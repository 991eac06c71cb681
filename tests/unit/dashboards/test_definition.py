"""What every dashboard keeps to, whatever its data."""

import json
import re
from itertools import combinations
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from charts.dashboards.__main__ import FOLDER, rendered
from charts.dashboards.metrics import METRICS

NAMES = ("study", "run", "fleet")
DASHBOARDS: dict[str, Any] = {name: json.loads(rendered()[f"{name}.json"]) for name in NAMES}
PANELS = [
    pytest.param(panel, id=f"{name}: {panel['title']}")
    for name, dashboard in DASHBOARDS.items()
    for panel in dashboard["panels"]
    if panel["type"] != "row"
]


def expressions(name: str) -> list[str]:
    """Every query of a dashboard: of panels, variables and annotations."""
    dashboard = DASHBOARDS[name]
    targets = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    variables = [
        each["query"]["query"] for each in dashboard["templating"]["list"] if each["type"] == "query"
    ]
    return targets + variables + [each["expr"] for each in dashboard["annotations"].get("list", [])]


def test_the_files_of_the_chart_are_those_that_the_code_renders():
    files = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    assert files == rendered(), "run make manifests"


@pytest.mark.parametrize("name", NAMES)
def test_a_dashboard_is_one_by_grafana_s_own_types(name):
    register_default_plugins()
    dashboard = DASHBOARDS[name]
    assert dashboard["schemaVersion"] == 42
    again = JSONEncoder(sort_keys=True, indent=1).encode(Dashboard.from_json(dashboard))
    assert json.loads(again) == dashboard


@pytest.mark.parametrize("name", NAMES)
def test_panels_have_numbers_of_their_own_and_do_not_overlap(name):
    panels = DASHBOARDS[name]["panels"]
    numbers = [panel["id"] for panel in panels]
    assert len(set(numbers)) == len(numbers)
    places = [(panel["title"], panel["gridPos"]) for panel in panels]
    for title, place in places:
        assert 0 <= place["x"] < place["x"] + place["w"] <= 24, title
        assert place["h"] > 0, title
    for (title, one), (other, two) in combinations(places, 2):
        apart = (
            one["x"] + one["w"] <= two["x"]
            or two["x"] + two["w"] <= one["x"]
            or one["y"] + one["h"] <= two["y"]
            or two["y"] + two["h"] <= one["y"]
        )
        assert apart, f"{title} and {other}"


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_says_what_it_shows_in_which_unit_and_where_its_data_is_from(panel):
    assert panel["title"]
    assert len(panel["description"]) > 10
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    references = [target["refId"] for target in panel["targets"]]
    assert len(set(references)) == len(references) > 0
    for target in panel["targets"]:
        assert target["datasource"] == panel["datasource"]
        assert target.get("instant") is not target.get("range")


@pytest.mark.parametrize("panel", PANELS)
def test_names_and_numbers_of_a_panel_are_chosen_and_not_left_to_grafana(panel):
    if panel["type"] == "table":
        assert panel["options"]["footer"]["enablePagination"]
        return
    assert all(target["legendFormat"] not in ("", "__auto") for target in panel["targets"])
    options = panel["options"]
    assert (options["legend"] if panel["type"] == "timeseries" else options["reduceOptions"])["calcs"]


@pytest.mark.parametrize("name", NAMES)
def test_queries_ask_for_nothing_but_known_metrics_and_variables(name):
    dashboard = DASHBOARDS[name]
    asked = {found for each in expressions(name) for found in re.findall(r"kvjob_\w+", each)}
    assert asked <= set(METRICS)
    variables = {each["name"] for each in dashboard["templating"]["list"]}
    used = {found for each in expressions(name) for found in re.findall(r"\$\{?(\w+)", each)}
    assert used - {"__range", "__interval", "__rate_interval"} <= variables


def test_alerts_ask_for_nothing_but_known_metrics():
    groups = yaml.safe_load((FOLDER.parent / "alerts.yaml").read_text(encoding="utf-8"))["groups"]
    asked = {
        found
        for group in groups
        for rule in group["rules"]
        for found in re.findall(r"kvjob_\w+", rule["expr"])
    }
    assert asked <= set(METRICS)


def test_links_lead_to_dashboards_and_variables_that_there_are():
    known = {each["uid"]: {v["name"] for v in each["templating"]["list"]} for each in DASHBOARDS.values()}
    links = re.findall(r'"url": "(/d/[^"]+)"', "".join(rendered().values()))
    assert len(links) >= 3
    for link in links:
        uid = link.split("/")[2]
        assert set(re.findall(r"var-(\w+)=", link)) <= known[uid], link
    for dashboard in DASHBOARDS.values():
        [others] = dashboard["links"]
        assert (others["includeVars"], others["keepTime"]) == (True, True)
        assert others["tags"][0] in dashboard["tags"]


@pytest.mark.parametrize("panel", PANELS)
def test_columns_of_links_are_columns_of_the_table(panel):
    for override in panel["fieldConfig"].get("overrides", []):
        for each in override["properties"]:
            if each["id"] == "links":
                columns = {found["matcher"]["options"] for found in panel["fieldConfig"]["overrides"]}
                used = re.findall(r"__data\.fields\.(\w+)", each["value"][0]["url"])
                assert set(used) <= columns
