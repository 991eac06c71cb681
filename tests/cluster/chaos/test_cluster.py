"""Faults at random moments on a real cluster: a study ends with the bytes of one that nothing disturbed.

KVJOB_CHAOS_FAULTS is their number, KVJOB_CHAOS_SEED repeats a schedule, KVJOB_CHAOS_OUT takes the figures.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from kvjob.cluster.connect import connect
from kvjob.cluster.namespace_store import open_namespace_store
from kvjob.data import synthesize
from kvjob.records import layout
from kvjob.store import Store, open_store
from tests.cluster.argo import ROOT, kubectl, run, submit, vacant
from tests.cluster.chaos.faults import FAULTS, PARTS, own_parts
from tests.cluster.chaos.on_cluster import OnCluster
from tests.cluster.installed import SMALL
from tests.integration.chaos.promises import Promises, announced_seed, study_of
from tests.integration.chaos.rounds import Disturbed, disturb, usual_seconds
from tests.integration.chaos.schedule import schedule
from tests.integration.study import kvjob

NUMBER = int(os.environ.get("KVJOB_CHAOS_FAULTS", "3"))
FULL = NUMBER > 10
RUNS, EPOCHS = (4, 24) if FULL else (2, 12)
IMAGES = 30
AWAY_SECONDS = 60.0 if FULL else 20.0
TIMEOUT = 900 + 90 * NUMBER
NAMESPACE = "chaos-test"

STUDY = study_of(RUNS, EPOCHS)

SOON = {"duration": "1s", "factor": "2", "cap": "8s"}
"""Pauses between attempts: those of the chart, made for hours of training, would be most of this test."""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> Store:
    """The same study on the same data, run on this machine."""
    folder = tmp_path_factory.mktemp("undisturbed")
    synthesize(folder / "data", images=IMAGES)
    (folder / "chaos.yaml").write_text(json.dumps(STUDY))
    places = ("--store", folder / "store", "--out", folder / "report", "--logs", folder)
    line = ("run", folder / "chaos.yaml", "--data", folder / "data", "--jobs", 2, *places)
    done = kvjob(*line, timeout=TIMEOUT)
    assert done.code == 0, done.err
    return open_store(str(folder / "store"))


@pytest.fixture(scope="module")
def namespace(cluster) -> Iterator[str]:
    """The chart in a namespace of its own: what is drained and killed there is nobody else's."""
    values = [part for name, value in SMALL.items() for part in ("--set", f"{name}={value}")]
    with vacant(NAMESPACE):
        line = ("helm", "install", "kvjob", ROOT / "charts/kvjob", "-n", NAMESPACE, "--create-namespace")
        run(*line, *values, "--wait", timeout=300)
        template = json.loads(
            kubectl("get", "workflowtemplate", "kvjob-study", "-n", NAMESPACE, "-o", "json")
        )
        names = [each["name"] for each in template["spec"]["templates"]]
        place = f"/spec/templates/{names.index('train')}/retryStrategy/backoff"
        patch = json.dumps([{"op": "replace", "path": place, "value": SOON}])
        kubectl("patch", "workflowtemplate", "kvjob-study", "-n", NAMESPACE, "--type=json", "-p", patch)
        yield NAMESPACE
        run("helm", "uninstall", "kvjob", "-n", NAMESPACE, "--wait", timeout=300)


@pytest.fixture(scope="module")
def ended(namespace: str, gpus: int, undisturbed: Store, tmp_path_factory) -> Disturbed:
    """The same study in pods, disturbed until every fault of the schedule was injected."""
    seed = announced_seed(NUMBER)
    faults = (*FAULTS, *PARTS) if own_parts() else FAULTS
    folder = tmp_path_factory.mktemp("disturbed")

    @contextmanager
    def begin() -> Iterator[OnCluster]:
        with open_namespace_store(namespace, connect(None)) as store:
            for entry in store.list(layout.RUNS):  # of the study before, which nothing is to go on from
                store.delete(entry.key)
            parameters = {"study": json.dumps(STUDY), "data": f"synthetic:{IMAGES}"}
            workflow = submit("workflows/paper.py", namespace, **parameters)
            study = OnCluster(store, workflow=workflow, folder=folder, away_seconds=AWAY_SECONDS)
            yield study
            read = workflow.read()
            assert read["status"]["phase"] == "Succeeded", workflow.story(read)

    return disturb(seed, schedule(faults, seed, NUMBER), begin, usual_seconds(undisturbed))


@pytest.mark.timeout(TIMEOUT)
class TestCluster(Promises):
    runs, epochs, number = RUNS, EPOCHS, NUMBER
