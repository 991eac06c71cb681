"""kvjob/tools and kvjob/trainer in a namespace that enforces the `restricted` pod security standard.

One pod shows it all, its containers with a read-only root file system and one /tmp that they share: what
tools is, a study prepared by tools, what trainer is, and a run of that study that is told to stop.
"""

import hashlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import kvjob
from kvjob.study import code_hash
from tests.cluster.argo import kubectl, vacant

NAMESPACE, POD = "img-test", "images"
HARDENED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}

FACTS = """
import hashlib, importlib.util, json, os, struct, subprocess, sys, warnings
from pathlib import Path

said = subprocess.run(["kvjob", "--version"], capture_output=True, text=True)
with warnings.catch_warnings(record=True) as warned:
    warnings.simplefilter("default")
    import matplotlib.pyplot, numpy, cv2, scipy.stats, pandas, kubernetes, hera, kvjob.cli, kvjob.data
    kvjob.data.augmentation("gaussian-blur")
    has_torch = importlib.util.find_spec("torch") is not None
    if has_torch:
        import torch.nn, segmentation_models_pytorch, kvjob.train
from kvjob.study import code_hash

def compiled(module):
    source, cached = Path(module.__file__), Path(module.__cached__)
    of = struct.unpack("<I", cached.read_bytes()[8:12])[0] if cached.exists() else None
    return of == int(source.stat().st_mtime)

def writable(folder):
    try:
        (Path(folder) / "probe").touch()
    except OSError:
        return False
    return True

root = Path(kvjob.__file__).parent
python = [module for module in sys.modules.values() if vars(module).get("__cached__")]
print("FACTS" + json.dumps({
    "version": said.stdout + said.stderr,
    "user": [os.getuid(), os.getgid()],
    "torch": has_torch,
    "code": code_hash(),
    "files": {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*") if path.is_file() and path.suffix != ".pyc"
    },
    "warned": [str(warning.message) for warning in warned],
    "modules": len(python),
    "not compiled": [module.__name__ for module in python if not compiled(module)],
    "writable": [folder for folder in ("/", "/opt/venv", "/etc", "/tmp") if writable(folder)],
}))
"""

PREPARE = [
    *("kvjob", "prepare", "optimizer", "--preset=smoke", "--data=synthetic:12", "--out=/tmp/plan"),
    "--set=epochs=100000 early_stop_patience=100000",
]
TRAIN = """
import json, os
key = json.load(open("/tmp/plan/runs.json"))[0]["key"]
os.execvp("kvjob", ["kvjob", "train", key, "--study", open("/tmp/plan/study").read()])
"""
AN_EPOCH_IS_SAVED = """
import pathlib
print(len(list(pathlib.Path("/tmp/store").glob("runs/*/latest.json"))))
"""


def container(name: str, image: str, command: list[str]) -> dict[str, Any]:
    return {
        "name": name,
        "image": f"kvjob/{image}:{kvjob.__version__}",
        "imagePullPolicy": "Never",
        "command": command,
        "env": [{"name": "KVJOB_STORE", "value": "/tmp/store"}],
        "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}},
        "securityContext": HARDENED,
        "volumeMounts": [{"name": "scratch", "mountPath": "/tmp"}],
    }


@pytest.fixture(scope="module")
def pod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    spec = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "initContainers": [
            container("tools", "tools", ["python", "-c", FACTS]),
            container("prepare", "tools", PREPARE),
            container("trainer", "trainer", ["python", "-c", FACTS]),
        ],
        "containers": [container("train", "trainer", ["python", "-c", TRAIN])],
        "volumes": [{"name": "scratch", "emptyDir": {}}],
    }
    manifests = tmp_path_factory.mktemp("images") / "pod.json"
    manifest = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": POD}, "spec": spec}
    manifests.write_text(json.dumps(manifest))
    with vacant(NAMESPACE):
        kubectl("create", "namespace", NAMESPACE)
        kubectl("label", "namespace", NAMESPACE, "pod-security.kubernetes.io/enforce=restricted")
        kubectl("apply", "-n", NAMESPACE, "-f", str(manifests))
        yield


def states() -> dict[str, dict[str, Any]]:
    """State of each container, by name."""
    status = json.loads(kubectl("get", "pod", POD, "-n", NAMESPACE, "-o", "json"))["status"]
    both = status.get("initContainerStatuses", []) + status.get("containerStatuses", [])
    return {each["name"]: each["state"] for each in both}


def wait_for(name: str, state: str, seconds: int) -> dict[str, Any]:
    """The container's state once it is that; fails as soon as one that should succeed has not."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        now = states()
        if state in now.get(name, {}):
            return dict(now[name][state])
        for other, its in now.items():
            ended = its.get("terminated")
            assert not ended or ended["exitCode"] == 0, f"{other}: {ended}\n{logs(other)}"
            assert "ErrImage" not in str(its), f"{other}: {its}; scripts/images/build and load come first"
        time.sleep(1)
    pytest.fail(f"{name} is not {state} after {seconds} s: {states()}")


def logs(name: str) -> str:
    return kubectl("logs", POD, "-n", NAMESPACE, "-c", name)


@pytest.fixture(scope="module", params=["tools", "trainer"])
def facts(pod: None, request: pytest.FixtureRequest) -> dict[str, Any]:
    """What a container of the image found out about itself, and `image`, its name."""
    wait_for(request.param, "terminated", 180)
    text = logs(request.param)
    before, _, found = text.partition("FACTS")
    return {**json.loads(found), "image": request.param, "said": before}


def test_kvjob_runs_as_its_own_user_and_knows_its_version(facts: dict[str, Any]) -> None:
    assert facts["version"] == f"kvjob {kvjob.__version__}\n"
    assert facts["user"] == [10001, 10001]


def test_only_the_trainer_has_torch(facts: dict[str, Any]) -> None:
    assert facts["torch"] == (facts["image"] == "trainer")


def test_the_sources_in_an_image_are_those_of_the_checkout(facts: dict[str, Any]) -> None:
    root = Path(kvjob.__file__).parent
    ours = {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert facts["files"] == ours, "scripts/images/build and load come first"
    assert facts["code"] == code_hash()


def test_nothing_but_tmp_can_be_written(facts: dict[str, Any]) -> None:
    assert facts["writable"] == ["/tmp"]


def test_nothing_that_is_imported_warns_or_speaks(facts: dict[str, Any]) -> None:
    assert facts["warned"] == []
    assert facts["said"] == ""


def test_nothing_is_left_to_compile_at_a_start(facts: dict[str, Any]) -> None:
    assert facts["modules"] > 500
    assert facts["not compiled"] == []


def test_tools_prepares_a_study_without_torch(pod: None) -> None:
    assert wait_for("prepare", "terminated", 180)["exitCode"] == 0
    assert "optimizer: 3 runs, 3 to train" in logs("prepare")


def test_a_run_that_is_told_to_stop_saves_its_state_and_ends_with_75(pod: None) -> None:
    wait_for("train", "running", 240)
    execute = ("exec", POD, "-n", NAMESPACE, "-c", "train", "--", "python", "-c")
    until = time.monotonic() + 120
    while kubectl(*execute, AN_EPOCH_IS_SAVED).strip() == "0":
        assert time.monotonic() < until, logs("train")
        time.sleep(1)
    kubectl(*execute, "import os; os.kill(1, 15)")
    until = time.monotonic() + 60
    while "terminated" not in states()["train"]:
        assert time.monotonic() < until, logs("train")
        time.sleep(1)
    assert states()["train"]["terminated"]["exitCode"] == 75, logs("train")
    assert "stopped by SIGTERM with its state saved" in logs("train")
