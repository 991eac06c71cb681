"""A study in a real Prometheus: every panel and alert asked while it runs, and after its pods are gone.

Pods are scraped through the API server's proxy, so the test needs no way into the cluster's network.
"""

import json
import re
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from charts.dashboards.__main__ import FOLDER
from kvjob.records import layout
from kvjob.records.document import read_document
from kvjob.records.run import History, Result
from kvjob.records.study import StudyRecord, read_study
from kvjob.store import Store
from scripts.observe.api import PrometheusApi
from scripts.observe.drawing.tables import columns, merged
from scripts.observe.grafana import Viewer, load
from scripts.observe.server import programs, prometheus
from tests.cluster.argo import items, submit
from tests.cluster.installed import Installed

NAME, EPOCHS = "watched", 12
SCRAPE = 1
STUDY = {
    "preset": "smoke",
    "data": "synthetic:30",
    "name": NAME,
    "set": f"epochs={EPOCHS} early_stop_patience=100",
}
CONFIG = """
global: {{scrape_interval: {scrape}s, scrape_timeout: {scrape}s}}
rule_files: [{alerts}]
scrape_configs:
  - job_name: kvjob
    file_sd_configs: [{{files: [{targets}], refresh_interval: 1s}}]
"""
OF_A_GPU = r"GPU memory|GPU utilisation"
"""Panels about GPUs: these pods have devices that the scheduler counts, and no GPU."""
OF_MISHAPS = r"Wasted time|Studies \(L\)|Failed and diverged|Levels \(S\)"
"""Panels about what does not happen here: interruptions, failures, several seeds."""


@dataclass
class Scraped:
    """What Prometheus answered while the study ran."""

    api: PrometheusApi
    began: float
    study: StudyRecord
    answered: Counter[str] = field(default_factory=Counter)
    """Series by dashboard, panel and query, in all looks."""

    def viewer(self) -> Viewer:
        return Viewer(self.api, self.began - 60, time.time(), scrape=SCRAPE)

    def look(self) -> None:
        """Ask every query of every dashboard; *Run* of the last run, which is not the baseline."""
        viewer = self.viewer()
        for which in ("study", "run", "fleet"):
            found = load(FOLDER / f"{which}.json")
            chosen = {"study": NAME, "run": self.study.plan.runs[-1].key}
            for panel in viewer.panels(found, viewer.variables(found, chosen)):
                for query in viewer.queries(panel):
                    self.answered[f"{which}: {panel.title} ({query.ref})"] += len(viewer.ask(query))


@contextmanager
def api_server() -> Iterator[str]:
    """HOST:PORT of a way to the API server that asks for no credentials."""
    proxy = subprocess.Popen(["kubectl", "proxy", "--port=0"], stdout=subprocess.PIPE, text=True)
    try:
        assert proxy.stdout is not None
        yield proxy.stdout.readline().rsplit(" ", 1)[1].strip()
    finally:
        proxy.terminate()
        proxy.wait(timeout=10)


def targets(namespace: str, address: str) -> list[dict[str, object]]:
    """Every pod with a port `metrics`, as Prometheus' file_sd has it."""
    found = []
    for pod in items("pods", namespace, "kvjob/step in (train, exporter)"):
        name = pod["metadata"]["name"]
        ports = [
            port["containerPort"]
            for container in pod["spec"]["containers"]
            for port in container.get("ports", [])
            if port.get("name") == "metrics"
        ]
        if pod["status"]["phase"] == "Running" and ports:
            path = f"/api/v1/namespaces/{namespace}/pods/{name}:{ports[0]}/proxy/metrics"
            labels = {"__metrics_path__": path, "namespace": namespace, "pod": name, "instance": name}
            found.append({"targets": [address], "labels": labels})
    return found


@pytest.fixture(scope="module")
def scraped(installed: Installed, gpus: int, store: Store, tmp_path_factory) -> Iterator[Scraped]:
    """`argo submit workflows/optimizer.py`, scraped to its end and until its pods are gone."""
    try:
        programs()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("prometheus")
    file = folder / "targets.json"
    file.write_text("[]")
    config = CONFIG.format(scrape=SCRAPE, alerts=FOLDER.parent / "alerts.yaml", targets=file)
    with api_server() as address, prometheus(folder, config) as url:
        began = time.time()
        workflow = submit("workflows/optimizer.py", installed.namespace, **STUDY)
        watched: list[Scraped] = []

        def look() -> None:
            part = file.with_suffix(".part")
            part.write_text(json.dumps(targets(installed.namespace, address)))
            part.rename(file)
            if not watched and layout.study(NAME, "plan.json") in {
                each.key for each in store.list(layout.STUDIES)
            }:
                watched.append(Scraped(PrometheusApi(url), began, read_study(store, NAME)))
            if watched:
                watched[0].look()

        workflow.succeed(600, look)
        limit = time.monotonic() + 180
        while items("pods", installed.namespace, "kvjob/step=train") or not finished(watched[0]):
            assert time.monotonic() < limit, (
                "the study's pods, or what the exporter knows of them, did not go"
            )
            look()
            time.sleep(1)
        watched[0].look()
        yield watched[0]


def finished(scraped: Scraped) -> bool:
    """Whether the exporter has seen all results, and Prometheus no pod any more."""
    done = scraped.api.instant(f'kvjob_study_runs{{study="{NAME}", state="done"}}', time.time())
    alive = scraped.api.instant(f'kvjob_step{{study="{NAME}"}}', time.time())
    return [each.last for each in done] == [len(scraped.study.plan.runs)] and not alive


@pytest.mark.timeout(900)
def test_no_panel_returned_nothing(scraped: Scraped):
    empty = {name for name, count in scraped.answered.items() if not count}
    assert {name for name in empty if not re.search(f"{OF_A_GPU}|{OF_MISHAPS}", name)} == set()


@pytest.mark.timeout(900)
def test_what_was_scraped_is_what_the_store_has(scraped: Scraped, store: Store):
    """Every scrape of every run: validation scores beside the epoch that they are of."""
    for run in scraped.study.plan.runs:
        history = read_document(store, layout.run(run.key, "history.json"), History)
        rows = {row.epoch: row for row in history.rows}
        where = f'study="{NAME}", run="{run.key}"'
        epochs = _samples(scraped, f"kvjob_epoch{{{where}}}")
        seen = 0
        for metric, value in {
            "kvjob_iou": lambda row: row.validation.mean_over_images.iou,
            "kvjob_dice": lambda row: row.validation.mean_over_images.dice,
            "kvjob_loss": lambda row: row.validation.loss,
        }.items():
            for at, number in _samples(scraped, f'{metric}{{{where}, part="validation"}}').items():
                assert number == pytest.approx(value(rows[int(epochs[at])]), abs=1e-12)
                seen += 1
        assert seen > 10
        assert len({epoch for (_, at), epoch in epochs.items() if epoch}) > 1, "the run was seen at work"


def _samples(scraped: Scraped, selector: str) -> dict[tuple[str, float], float]:
    """Every sample, by pod and time."""
    return {
        (each.labels["pod"], at): value
        for each in scraped.api.samples(selector, time.time(), 3600)
        for at, value in zip(each.times, each.values, strict=True)
    }


@pytest.mark.timeout(900)
def test_a_study_answers_after_its_pods_are_gone(scraped: Scraped, installed: Installed, store: Store):
    assert items("pods", installed.namespace, "kvjob/step=train") == []
    viewer, found = scraped.viewer(), load(FOLDER / "study.json")
    panels = list(viewer.panels(found, viewer.variables(found, {"study": NAME})))
    [table] = [each for each in panels if each.title == "Runs" and each.kind == "table"]
    answers = [(query, series) for query in viewer.queries(table) if (series := viewer.ask(query))]
    named, rows = columns(table), merged(answers)
    assert len(rows) == len(scraped.study.plan.runs)
    for row in rows:
        result = read_document(store, layout.run(str(row["run"]), "result.json"), Result)
        assert result.test is not None
        assert row[named["state"]] == "done"
        assert row[named["epoch"]] == result.epochs
        assert row[named["test IoU"]] == pytest.approx(result.test.mean_over_images.iou, abs=1e-12)
    curves = [each for each in panels if each.title.endswith(": validation IoU")]
    assert all(viewer.ask(query) for each in curves for query in viewer.queries(each))


@pytest.mark.timeout(900)
def test_a_run_that_its_pod_has_handed_over_is_told_once(scraped: Scraped):
    now = scraped.api.instant(f'count by (run) (kvjob_epoch{{study="{NAME}"}})', time.time())
    assert {each.labels["run"]: each.last for each in now} == dict.fromkeys(
        (run.key for run in scraped.study.plan.runs), 1.0
    )


@pytest.mark.timeout(900)
def test_what_pods_waited_for_was_told(scraped: Scraped, gpus: int):
    waited = scraped.api.instant(f'max_over_time(kvjob_pods_waiting{{study="{NAME}"}}[1h])', time.time())
    assert any("nvidia.com/gpu" in each.labels["reason"] for each in waited), waited
    [asked] = scraped.api.instant('max(max_over_time(kvjob_gpus{state="requested"}[1h]))', time.time())
    [there] = scraped.api.instant('max(kvjob_gpus{state="allocatable"})', time.time())
    assert asked.last == len(scraped.study.plan.runs)
    assert there.last >= gpus, "those of the fixture, and those that the cluster has"


@pytest.mark.timeout(900)
def test_of_all_alerts_only_the_news_that_the_study_is_finished_is_told(scraped: Scraped):
    groups = yaml.safe_load(Path(FOLDER.parent / "alerts.yaml").read_text(encoding="utf-8"))["groups"]
    firing = {
        rule["alert"]
        for group in groups
        for rule in group["rules"]
        for each in scraped.api.instant(rule["expr"], time.time())
        if each.labels.get("study", NAME) == NAME
    }
    assert firing == {"KvjobStudyFinished"}
