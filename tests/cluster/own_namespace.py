"""A namespace of a test's own: a MinIO, what the chart leaves for its store, and a template of a study.

It owes nothing to the chart or to kvjob's images, so that what is tested with it is what this machine does.
"""

import json
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kvjob.cluster.connect import Cluster, connect
from kvjob.cluster.namespace_store import open_namespace_store
from kvjob.store.s3 import S3Store
from tests.cluster.argo import ROOT, kubectl, run, vacant

MINIO = "quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z"
BUSYBOX = "docker.io/library/busybox:1"
USER, PASSWORD = "root-user", "root-password"

Manifest = dict[str, Any]


@dataclass(frozen=True)
class Own:
    """A namespace with a MinIO."""

    namespace: str
    folder: Path

    @property
    def cluster(self) -> Cluster:
        return connect()

    def apply(self, *manifests: Manifest) -> None:
        """Make or change objects of the namespace."""
        file = self.folder / "manifest.json"
        file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": list(manifests)}))
        kubectl("apply", "-n", self.namespace, "-f", file)

    def delete(self, kind: str, name: str) -> None:
        kubectl("delete", kind, name, "-n", self.namespace, "--ignore-not-found", "--timeout=60s", timeout=90)

    def kubeconfig(self, account: str) -> Path:
        """A kubeconfig with nothing but the token of a service account."""
        token = kubectl("create", "token", account, "-n", self.namespace).strip()
        whole = json.loads(kubectl("config", "view", "--raw", "--minify", "-o", "json"))
        whole["users"] = [{"name": whole["users"][0]["name"], "user": {"token": token}}]
        file = self.folder / f"{account}.kubeconfig"
        file.write_text(json.dumps(whole))
        return file


@contextmanager
def own_namespace(name: str, folder: Path) -> Iterator[Own]:
    """The namespace with its MinIO ready and its bucket made; gone afterwards."""
    own = Own(name, folder)
    with vacant(name):
        kubectl("create", "namespace", name)
        own.apply(minio(), service(), settings(name), credentials(PASSWORD), *account("kvjob-run"))
        kubectl("rollout", "status", "deployment/minio", "-n", name, "--timeout=90s", timeout=120)
        with open_namespace_store(name) as store:
            assert isinstance(store, S3Store)
            store._client().create_bucket(Bucket="kvjob")
        yield own


def minio() -> Manifest:
    labels = {"app": "minio"}
    container = {
        "name": "minio",
        "image": MINIO,
        "args": ["server", "/data", "--address=:9000"],
        "env": [
            {"name": "MINIO_ROOT_USER", "value": USER},
            {"name": "MINIO_ROOT_PASSWORD", "value": PASSWORD},
            {"name": "HOME", "value": "/data"},
        ],
        "ports": [{"name": "s3", "containerPort": 9000}],
        "readinessProbe": {"httpGet": {"path": "/minio/health/ready", "port": "s3"}, "periodSeconds": 1},
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    pod = {
        "securityContext": {"runAsUser": 10001, "runAsGroup": 10001, "fsGroup": 10001},
        "terminationGracePeriodSeconds": 1,
        "containers": [container],
        "volumes": [{"name": "data", "emptyDir": {}}],
    }
    template = {"metadata": {"labels": labels}, "spec": pod}
    spec = {"strategy": {"type": "Recreate"}, "selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "minio"}, "spec": spec}


def service() -> Manifest:
    spec = {"selector": {"app": "minio"}, "ports": [{"port": 9000, "targetPort": "s3"}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "kvjob-minio"}, "spec": spec}


def settings(namespace: str) -> Manifest:
    data = {
        "KVJOB_STORE": "s3://kvjob/studies-here",
        "AWS_ENDPOINT_URL": f"http://kvjob-minio.{namespace}.svc:9000",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kvjob-store"}, "data": data}


def credentials(password: str) -> Manifest:
    data = {"AWS_ACCESS_KEY_ID": USER, "AWS_SECRET_ACCESS_KEY": password}
    coded = {name: b64encode(text.encode()).decode() for name, text in data.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "kvjob-store"}, "data": coded}


def account(name: str, *rules: Manifest) -> list[Manifest]:
    """A service account that may report to Argo, and what else the rules say."""
    argo = {"apiGroups": ["argoproj.io"], "resources": ["workflowtaskresults"], "verbs": ["create", "patch"]}
    group = "rbac.authorization.k8s.io"
    subject = {"kind": "ServiceAccount", "name": name}
    binding = {"roleRef": {"apiGroup": group, "kind": "Role", "name": name}, "subjects": [subject]}
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}},
        {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": {"name": name}, "rules": [argo, *rules]},
        {"apiVersion": f"{group}/v1", "kind": "RoleBinding", "metadata": {"name": name}, **binding},
    ]


def study_template(image: str = BUSYBOX, device: str = "", memory: str = "64Mi", user: str = "") -> Manifest:
    """The chart's own template with another image and other wants."""
    template: Manifest = json.loads((ROOT / "charts/kvjob/files/kvjob-study.json").read_text())
    train = next(each for each in template["spec"]["templates"] if each["name"] == "train")
    amounts = {"cpu": "50m", "memory": memory, **({device: "1"} if device else {})}
    train["container"] |= {"image": image, "resources": {"requests": amounts, "limits": amounts}}
    if user:
        train["serviceAccountName"] = user
    return template


def own_node() -> str:
    """The node that these pods run on: the first without a taint."""
    nodes = json.loads(kubectl("get", "nodes", "-o", "json"))["items"]
    return next(node["metadata"]["name"] for node in nodes if not node["spec"].get("taints"))


def devices(name: str, count: int) -> None:
    """Devices that are not there, on one node, for the scheduler to count; 0 takes them away."""
    place = f"/status/capacity/{name.replace('/', '~1')}"
    steps = (
        [{"op": "add", "path": place, "value": str(count)}] if count else [{"op": "remove", "path": place}]
    )
    patch = json.dumps(
        [*steps, *({**step, "path": step["path"].replace("capacity", "allocatable")} for step in steps)]
    )
    run("kubectl", "patch", "node", own_node(), "--subresource=status", "--type=json", "-p", patch)
