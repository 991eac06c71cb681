"""Every query of every dashboard and alert, asked of a real Prometheus that has a made-up study."""

import math
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from charts.dashboards.__main__ import FOLDER
from charts.dashboards.metrics import METRICS
from scripts.observe.api import Series
from scripts.observe.draw import draw
from scripts.observe.drawing.tables import columns, merged
from scripts.observe.grafana import Json, Panel, Query, Viewer, load, name
from tests.unit.dashboards.conftest import Watched
from tests.unit.dashboards.made_up import NOW, Story

OF_THE_SCRAPE = {"job", "instance", "pod", "namespace"}
NAMES = ("study", "run", "fleet")
Answer = tuple[Panel, Query, list[Series]]


def dashboard(which: str) -> Json:
    return load(FOLDER / f"{which}.json")


def looks(watched: Watched) -> Iterator[tuple[str, dict[str, str]]]:
    """Each dashboard, and *Run* for one that trains and one that is done, both interrupted before."""
    yield "study", {}
    yield "fleet", {}
    yield "run", {"run": training(watched).run.key}
    yield "run", {"run": finished(watched).run.key}


def training(watched: Watched) -> Story:
    live = [
        each for each in watched.made.stories if each.told and each.told[-1].ended > NOW > each.told[0].began
    ]
    return max(live, key=lambda each: sum(told.began < NOW for told in each.told))


def finished(watched: Watched) -> Story:
    done = [
        each
        for each in watched.made.stories
        if each.told and each.told[-1].ended < NOW and each.status == "finished" and not is_baseline(each)
    ]
    return max(
        done, key=lambda each: (len(each.told) > 1, max(told.ended - told.began for told in each.told))
    )


def is_baseline(story: Story) -> bool:
    return story.run.roles[0].baseline


def answers(viewer: Viewer, which: str, chosen: dict[str, str]) -> Iterator[Answer]:
    found = dashboard(which)
    for panel in viewer.panels(found, viewer.variables(found, chosen)):
        for query in viewer.queries(panel):
            yield panel, query, viewer.ask(query)


@pytest.fixture(scope="module", params=["small", "large"])
def watched(request) -> Watched:
    return request.getfixturevalue(request.param)


def test_every_metric_that_is_known_is_served_with_the_labels_that_it_is_known_by(small: Watched):
    served = set(small.api.names())
    assert set(METRICS) <= served
    for metric, labels in METRICS.items():
        found = {
            label for each in small.api.instant(f"last_over_time({metric}[3h])", NOW) for label in each.labels
        }
        assert found - OF_THE_SCRAPE - {"__name__"} == set(labels), metric


def test_no_panel_returns_nothing(watched: Watched):
    viewer, answered = watched.viewer(), Counter[str]()
    for which, chosen in looks(watched):
        for panel, query, series in answers(viewer, which, chosen):
            answered[f"{which}: {panel.title} ({query.ref})"] += len(series)
    empty = {each for each, count in answered.items() if not count}
    # of one seed there is no deviation; of five hundred runs some experiments have not begun
    allowed = r"Levels \(S\)" if watched.made.size.seeds == 1 else r": validation IoU \(A\)"
    assert {each for each in empty if not re.search(allowed, each)} == set()


def test_labels_are_those_of_the_legend_and_none_is_of_the_scrape(watched: Watched):
    viewer = watched.viewer()
    for which, chosen in looks(watched):
        for panel, query, series in answers(viewer, which, chosen):
            where = f"{which}: {panel.title} ({query.ref})"
            for each in series:
                assert not OF_THE_SCRAPE & set(each.labels), where
                for label in re.findall(r"\{\{(\w+)\}\}", query.legend):
                    assert each.labels.get(label), where


def test_nothing_is_shown_twice(watched: Watched):
    viewer = watched.viewer()
    for which, chosen in looks(watched):
        for panel, query, series in answers(viewer, which, chosen):
            if panel.kind != "table":
                shown = Counter(name(query, each) for each in series)
                assert [each for each, count in shown.items() if count > 1] == [], f"{which}: {panel.title}"


def test_values_are_plausible(watched: Watched):
    viewer = watched.viewer()
    least = {"percentunit": -1.0, "s": 0.0, "h": 0.0, "bytes": 0.0, "ops": 0.0}
    for which, chosen in looks(watched):
        for panel, _, series in answers(viewer, which, chosen):
            unit = panel.definition["fieldConfig"]["defaults"]["unit"]
            for each in series:
                values = [value for value in each.values if not math.isnan(value)]
                assert values, f"{which}: {panel.title}"
                assert min(values) >= least.get(unit, 0.0 if panel.kind != "table" else -1.0), panel.title
                if unit == "percentunit":
                    assert max(values) <= 1.06, panel.title


def rows(viewer: Viewer, title: str) -> list[dict[str, float | str]]:
    """A table of *Study*, by names of columns."""
    found = dashboard("study")
    [panel] = [
        each
        for each in viewer.panels(found, viewer.variables(found, {}))
        if each.title == title and each.kind == "table"
    ]
    asked = [(query, viewer.ask(query)) for query in viewer.queries(panel)]
    named = columns(panel)
    return [
        {column: row[source] for column, source in named.items() if source in row}
        for row in merged([(query, series) for query, series in asked if series])
    ]


def test_the_table_has_a_row_for_every_run_with_its_numbers(watched: Watched):
    table = {row["run"]: row for row in rows(watched.viewer(), "Runs")}
    assert set(table) == {story.run.key for story in watched.made.stories}
    for story in watched.made.stories:
        attempts, history, result = story.at(NOW, watched.made.size.study)
        row = table[story.run.key]
        assert row["epoch"] == len(history)
        assert row.get("attempts", 0) == len(attempts)
        if history:
            assert row["validation IoU"] == pytest.approx(history[-1].validation.mean_over_images.iou)
        if result and result.test:
            assert row["test IoU"] == pytest.approx(result.test.mean_over_images.iou)
            assert row["state"] == "done"


def test_a_study_answers_when_its_pods_and_the_exporter_are_gone(small: Watched):
    viewer = small.viewer(NOW + 1800)
    table = rows(viewer, "Runs")
    assert len(table) == len(small.made.stories)
    assert {row["run"]: row["epoch"] for row in table} == {
        row["run"]: row["epoch"] for row in rows(small.viewer(), "Runs")
    }
    curves = [
        series
        for panel, _, series in answers(viewer, "study", {})
        if panel.title.endswith(": validation IoU") and series
    ]
    assert len(curves) >= 4


def test_runs_that_are_chosen_by_experiment_are_those_that_it_looks_at(small: Watched):
    viewer, found = small.viewer(), dashboard("study")
    variables = viewer.variables(found, {"experiment": "optimizer"})
    [panel] = [
        each for each in viewer.panels(found, variables) if each.title == "Runs" and each.kind == "table"
    ]
    [epochs] = [viewer.ask(query) for query in viewer.queries(panel) if query.ref == "E"]
    expected = {
        story.run.key
        for story in small.made.stories
        if any(role.experiment == "optimizer" for role in story.run.roles)
    }
    assert {each.labels["run"] for each in epochs} == expected
    assert len(expected) == 3, "two levels and the baseline"


def test_variables_offer_what_the_plan_has(watched: Watched):
    viewer, plan = watched.viewer(), watched.made.plan
    found = viewer.variables(dashboard("run"), {})
    assert found["study"].values == (plan.study.name,)
    assert set(found["experiment"].values) == {each.name for each in plan.study.experiments}
    assert set(found["seed"].values) == {str(seed) for seed in range(watched.made.size.seeds)}
    assert len(found["level"].values) == len(
        {level.name for each in plan.study.experiments for level in each.levels}
    )
    [variable] = [each for each in dashboard("run")["templating"]["list"] if each["name"] == "run"]
    offered = viewer.options(variable, found)
    assert set(offered) == {run.key for run in plan.runs}
    assert all(key in words and " " in words for key, words in offered.items())


def annotations(watched: Watched, which: str, chosen: dict[str, str]) -> dict[str, list[Series]]:
    found, viewer = dashboard(which), watched.viewer()
    variables = viewer.variables(found, chosen)
    step = max(60.0, viewer.step)
    return {
        each["name"]: watched.api.range(
            viewer.filled(each["expr"].replace("$__interval", f"{step:.0f}s"), variables),
            watched.made.begin,
            NOW,
            step,
        )
        for each in found["annotations"]["list"]
    }


def test_every_interruption_and_every_end_is_marked_once(small: Watched):
    marks = annotations(small, "study", {})
    told = [(story, told) for story in small.made.stories for told in story.told if told.ended <= NOW]
    stopped = [each for _, each in told if each.cause in ("interrupted", "lost", "cuda-oom", "store")]
    over = [story for story, each in told if each.cause in ("finished", "diverged", "configuration")]
    assert sum(len(each.times) for each in marks["Interruptions"]) == len(stopped) > 2
    assert sum(len(each.times) for each in marks["Ends of runs"]) == len(over) > 5
    assert {each.labels["run"] for each in marks["Ends of runs"]} == {story.run.key for story in over}


def test_ends_of_five_hundred_runs_are_marked_for_one_run_only(large: Watched):
    assert annotations(large, "study", {})["Ends of runs"] == []
    assert len(annotations(large, "run", {"run": finished(large).run.key})["Ends of runs"]) == 1


def test_every_alert_can_be_asked(small: Watched):
    groups = yaml.safe_load((FOLDER.parent / "alerts.yaml").read_text(encoding="utf-8"))["groups"]
    firing = {
        rule["alert"]: small.api.instant(rule["expr"], NOW) for group in groups for rule in group["rules"]
    }
    assert {name for name, series in firing.items() if series} >= {"KvjobRunFailed", "KvjobLossNotFinite"}
    assert not firing["KvjobNoProgress"]
    assert not firing["KvjobExporterBlind"]


@pytest.mark.parametrize("which", NAMES)
def test_a_picture_can_be_drawn(small: Watched, tmp_path: Path, which: str):
    out = tmp_path / "picture.png"
    draw(dashboard(which), small.viewer(), {}, (small.made.begin, NOW), out)
    assert out.read_bytes().startswith(b"\x89PNG")
