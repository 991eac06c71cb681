"""The files of `workflows/`, as `argo submit` and as Python read them."""

import inspect
import json
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from kvjob.cluster.manifest import as_json, as_yaml
from kvjob.cluster.names import STUDY_TEMPLATE
from kvjob.cluster.pods import IMAGES
from kvjob.cluster.study_template import GPU, PARAMETERS, study_template
from kvjob.cluster.workflow import whole
from kvjob.errors import ConfigurationError
from kvjob.experiments import CATALOGUE, load_study

ROOT = Path(__file__).parents[3]
FILES = sorted((ROOT / "workflows").glob("*.py"))
REMEDY = "`make manifests` renders it anew"


def argo_reads(path: Path) -> dict:
    """What `argo submit` takes from a file: the first YAML document of it."""
    return next(iter(yaml.safe_load_all(path.read_text().split("\n...\n")[0])))


def python(path: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, path, *arguments], capture_output=True, text=True, timeout=60, cwd=ROOT
    )


def test_there_is_a_file_for_every_experiment():
    names = {path.stem for path in FILES}
    assert {*CATALOGUE, "all_experiments", "paper"} <= names


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_argo_and_python_read_the_same_manifest(path):
    head = argo_reads(path)
    module = runpy.run_path(str(path), run_name=path.stem)
    assert module["__annotations__"] == head
    assert head["spec"]["workflowTemplateRef"] == {"name": STUDY_TEMPLATE}
    assert path.read_text().startswith("# "), "a docstring would not be YAML"
    assert not any(line.startswith("---") for line in path.read_text().splitlines())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_names_a_study_that_can_be_planned(path):
    parameters = {item["name"]: item["value"] for item in argo_reads(path)["spec"]["arguments"]["parameters"]}
    assert set(parameters) <= set(PARAMETERS)
    study = load_study(parameters["study"], preset="smoke")
    assert study.name == path.stem.replace("_", "-")
    assert argo_reads(path)["metadata"]["generateName"] == f"{study.name}-"


def test_the_rendered_manifest_is_the_golden_one():
    golden = ROOT / "tests/unit/cluster/golden/all_experiments.yaml"
    done = python(ROOT / "workflows/all_experiments.py")
    assert done.returncode == 0, done.stderr
    assert done.stdout == golden.read_text(), REMEDY


def test_the_chart_ships_the_template_as_it_is():
    shipped = (ROOT / "charts/kvjob/files/kvjob-study.json").read_text()
    assert shipped == as_json(study_template().to_dict()), REMEDY


def test_a_file_takes_parameters_as_argo_does():
    done = python(ROOT / "workflows/optimizer.py", "-p", "preset=smoke", "-p", "seeds=3", "--gpus", "0")
    workflow = yaml.safe_load(done.stdout)
    values = {item["name"]: item["value"] for item in workflow["spec"]["arguments"]["parameters"]}
    assert (values["study"], values["preset"], values["seeds"]) == ("optimizer", "smoke", "3")
    assert GPU not in done.stdout
    short = python(ROOT / "workflows/optimizer.py", "--short")
    assert yaml.safe_load(short.stdout) == argo_reads(ROOT / "workflows/optimizer.py")


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("sets=3", "error: -p: a study has no parameter 'sets'. Choose from study, name, preset"),
        ("seeds", "error: -p: 'seeds' sets nothing. Write NAME=VALUE"),
    ],
)
def test_a_wrong_parameter_is_named(setting, said):
    done = python(ROOT / "workflows/optimizer.py", "-p", setting)
    assert done.returncode == 78
    assert done.stderr.startswith(said)
    assert done.stdout == ""


def test_argo_finds_no_fault(tmp_path):
    argo = shutil.which("argo")
    if argo is None:
        built = sorted((Path.home() / ".cache/kvjob/cluster").glob("bin-*/argo"))
        argo = built and built[-1]
    if not argo:
        pytest.skip("no argo here: scripts/cluster/build argo makes it")
    for path in FILES:
        (tmp_path / f"{path.stem}.yaml").write_text(as_yaml(whole(argo_reads(path), {})))
    done = subprocess.run(
        [argo, "lint", "--offline", "--strict", tmp_path], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


def templates() -> dict[str, dict]:
    return {item["name"]: item for item in study_template().to_dict()["spec"]["templates"]}


def test_only_what_another_attempt_can_mend_is_tried_again_and_attempts_of_a_workflow_belong_together():
    train = templates()["train"]
    (codes,) = re.findall(
        r"asInt\(lastRetry.exitCode\) in \[([\d, ]+)\]", train["retryStrategy"]["expression"]
    )
    assert {int(code) for code in codes.split(", ")} == {71, 74, 75, 137, 142, 143}
    assert {"name": "KVJOB_SUBMISSION", "value": "{{workflow.uid}}"} in train["container"]["env"]
    # a factor of 2 overflows in Argo after 31 retries
    assert (train["retryStrategy"]["limit"], train["retryStrategy"]["backoff"]["factor"]) == ("200", "1")


@pytest.mark.parametrize("name", ["prepare", "train", "report", "verdict"])
def test_every_pod_has_the_least_it_needs(name):
    template = templates()[name]
    container = template["container"]
    assert container["image"] in IMAGES.values()
    assert container["command"][:2] == ["kvjob", name], "kvjob itself, with no shell around it"
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert template["securityContext"]["runAsNonRoot"]
    assert {"limits", "requests"} <= container["resources"].keys()
    assert template["retryStrategy"]["backoff"].keys() == {"duration", "factor", "cap"}, "no limit in all"
    account = template.get("serviceAccountName", "kvjob-run")
    assert account == ("kvjob-prepare" if name == "prepare" else "kvjob-run")


def test_only_training_takes_a_gpu_and_torch():
    for name, template in templates().items():
        if "container" in template:
            assert (GPU in template["container"]["resources"]["limits"]) == (name == "train")
            assert ("trainer" in template["container"]["image"]) == (name == "train")


def test_a_run_is_held_by_a_mutex_of_its_key():
    held = templates()["train"]["synchronization"]["mutexes"]
    assert held == [{"name": "kvjob-run-{{inputs.parameters.key}}"}]


def test_a_head_that_sets_an_unknown_parameter_is_refused():
    head = argo_reads(ROOT / "workflows/paper.py")
    with pytest.raises(ConfigurationError, match="no parameter 'speed'"):
        whole(head, {"speed": "high"})


@pytest.mark.parametrize("text", ["1e-3", "08", "no", "0x1f", "{a: b}", "- x", "", "2026-01-01", "a: b\nc"])
def test_strings_stay_strings_in_any_parser(text):
    written = as_yaml({"value": text})
    assert yaml.safe_load(written) == {"value": text}
    assert written.startswith('value: "')
    assert json.loads(as_json({"value": text})) == {"value": text}


def test_the_template_is_rendered_anew_each_time():
    assert inspect.isfunction(study_template)
    first = study_template().to_dict()
    first["spec"]["templates"].clear()
    assert study_template().to_dict()["spec"]["templates"]
