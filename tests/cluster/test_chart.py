"""The chart on a real cluster: installed as README says, tested, upgraded, uninstalled, and found again.

Tests of a module run in the order of the file; those that change the release are its last.
"""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.cluster.argo import ROOT, kubectl, run, vacant

CHART = ROOT / "charts/kvjob"
SCENARIOS = sorted((CHART / "ci").glob("*-values.yaml"))
NAMESPACE, DRY, OTHER = "chart-test", "chart-dry", "chart-other-bucket"
ENFORCE, WARN = "pod-security.kubernetes.io/enforce", "pod-security.kubernetes.io/warn"
PARAMETERS = "jsonpath={.spec.arguments.parameters[?(@.name=='preset')].value}"


@pytest.fixture(scope="module")
def release(cluster) -> Iterator[str]:
    """What `helm install` says of a release in a namespace that was not there."""
    with vacant(NAMESPACE):
        yield run("helm", "install", "kvjob", CHART, "-n", NAMESPACE, "--create-namespace", timeout=300)
        run("helm", "uninstall", "kvjob", "-n", NAMESPACE, "--wait", "--ignore-not-found", timeout=300)


@pytest.fixture(scope="module")
def dry(cluster) -> Iterator[None]:
    """A namespace that says of every pod or template of one what the restricted standard has against it."""
    with vacant(DRY):
        kubectl("create", "namespace", DRY)
        kubectl("label", "namespace", DRY, f"{ENFORCE}=restricted", f"{WARN}=restricted")
        kubectl("wait", "-n", DRY, "--for=create", "serviceaccount/default", "--timeout=30s")
        yield


def secret(name: str) -> dict[str, str]:
    """A Secret's values, as they are encoded."""
    return json.loads(kubectl("get", "secret", name, "-n", NAMESPACE, "-o", "jsonpath={.data}"))


def decoded(name: str, key: str) -> str:
    template = f'go-template={{{{index .data "{key}" | base64decode}}}}'
    return kubectl("get", "secret", name, "-n", NAMESPACE, "-o", template)


@contextmanager
def minio(user: str, password: str) -> Iterator[Any]:
    """An S3 client of the release's MinIO."""
    line = ["kubectl", "port-forward", "-n", NAMESPACE, "service/kvjob-minio", ":9000"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as forward:
        try:
            told = forward.stdout.readline()
            assert told.startswith("Forwarding from 127.0.0.1:"), told
            yield boto3.client(
                "s3",
                endpoint_url="http://" + told.split()[2],
                aws_access_key_id=user,
                aws_secret_access_key=password,
                region_name="us-east-1",
                config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 3}),
            )
        finally:
            forward.terminate()


@contextmanager
def study_s_store() -> Iterator[Any]:
    name = "kvjob-store"
    with minio(decoded(name, "AWS_ACCESS_KEY_ID"), decoded(name, "AWS_SECRET_ACCESS_KEY")) as client:
        yield client


@contextmanager
def administrator_s_store() -> Iterator[Any]:
    name = "kvjob-minio-root"
    with minio(decoded(name, "rootUser"), decoded(name, "rootPassword")) as client:
        yield client


def listed(namespaced: bool) -> list[dict[str, Any]]:
    """All objects of the namespace, or all that belong to none."""
    kinds = kubectl(
        "api-resources", "--verbs=list", f"--namespaced={namespaced}".lower(), "-o", "name"
    ).split()
    kinds = [kind for kind in kinds if kind.partition(".")[0] not in ("events", "componentstatuses")]
    where = ["-n", NAMESPACE] if namespaced else []
    return json.loads(kubectl("get", ",".join(kinds), *where, "-o", "json"))["items"]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.stem.removesuffix("-values"))
def test_the_api_server_takes_every_scenario_without_a_warning(dry, scenario, tmp_path):
    rendered = run("helm", "template", "kvjob", CHART, "-n", DRY, "-f", scenario)
    line = ["kubectl", "apply", "--server-side", "--dry-run=server", "-f", "-"]
    taken = subprocess.run(line, input=rendered, capture_output=True, text=True, timeout=120, check=False)
    assert (taken.returncode, taken.stderr) == (0, "")
    documents = rendered.split("\n---\n")
    template = next(each for each in documents if "kind: WorkflowTemplate" in each)
    path = tmp_path / "study.yaml"
    path.write_text(template)
    run("argo", "lint", "--offline", "--strict", "--kinds=workflowtemplates", path)


def test_notes_tell_the_next_command(release):
    notes = release.split("NOTES:")[1]
    assert f"argo submit workflows/optimizer.py -n {NAMESPACE}" in notes
    assert f"helm test kvjob -n {NAMESPACE}" in notes
    assert "kubectl label" not in notes


def test_the_namespace_enforces_the_restricted_standard_and_no_pod_offends_it(release):
    labels = json.loads(kubectl("get", "namespace", NAMESPACE, "-o", "jsonpath={.metadata.labels}"))
    assert labels[ENFORCE] == "restricted"
    # setting it anew has the API server look at the pods that are there
    kubectl("label", "namespace", NAMESPACE, f"{ENFORCE}-")
    line = ["kubectl", "label", "namespace", NAMESPACE, f"{ENFORCE}=restricted"]
    again = subprocess.run(line, capture_output=True, text=True, timeout=60, check=True)
    assert again.stderr == ""
    pods = json.loads(kubectl("get", "pods", "-n", NAMESPACE, "-o", "json"))["items"]
    components = sorted(pod["metadata"]["labels"]["app.kubernetes.io/component"] for pod in pods)
    assert components == ["exporter", "minio"]


def test_nothing_of_the_hooks_stays(release):
    names = [(each["kind"], each["metadata"]["name"]) for each in listed(namespaced=True)]
    assert [name for kind, name in names if "namespace" in name or "setup" in name or kind == "Job"] == []


def test_the_study_s_credentials_read_and_write_their_bucket(release):
    with study_s_store() as client:
        client.put_object(Bucket="kvjob", Key="kept/by-the-volume", Body=b"1")
        assert client.get_object(Bucket="kvjob", Key="kept/by-the-volume")["Body"].read() == b"1"
        assert client.list_objects_v2(Bucket="kvjob")["KeyCount"] == 1
        client.put_object(Bucket="kvjob", Key="gone", Body=b"2")
        client.delete_object(Bucket="kvjob", Key="gone")


def test_the_study_s_credentials_do_nothing_with_another_bucket(release):
    with administrator_s_store() as administrator:
        administrator.create_bucket(Bucket=OTHER)
        administrator.put_object(Bucket=OTHER, Key="private", Body=b"3")
    refused = {}
    with study_s_store() as client:
        for doing, arguments in (
            ("list_objects_v2", {"Bucket": OTHER}),
            ("get_object", {"Bucket": OTHER, "Key": "private"}),
            ("put_object", {"Bucket": OTHER, "Key": "mine", "Body": b"4"}),
            ("delete_object", {"Bucket": OTHER, "Key": "private"}),
            ("create_bucket", {"Bucket": "chart-third-bucket"}),
            ("put_bucket_policy", {"Bucket": "kvjob", "Policy": "{}"}),
        ):
            with pytest.raises(ClientError) as error:
                getattr(client, doing)(**arguments)
            refused[doing] = error.value.response["Error"]["Code"]
        names = [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]
    assert set(refused.values()) == {"AccessDenied"}, refused
    assert OTHER not in names


def test_helm_test_finds_the_store_writable(release):
    assert "Phase:          Succeeded" in run("helm", "test", "kvjob", "-n", NAMESPACE, timeout=120)
    assert "kvjob-test-store" not in kubectl("get", "pods", "-n", NAMESPACE, "-o", "name")


@pytest.fixture(scope="module")
def token_s_kubeconfig(release, tmp_path_factory) -> Path:
    """A kubeconfig that has nothing but a real token of kvjob-run."""
    config = json.loads(kubectl("config", "view", "--raw", "--minify", "--flatten", "-o", "json"))
    token = kubectl("create", "token", "kvjob-run", "-n", NAMESPACE).strip()
    config["users"][0]["user"] = {"token": token}
    path = tmp_path_factory.mktemp("token") / "kubeconfig"
    path.write_text(json.dumps(config))
    return path


@pytest.mark.parametrize(
    "asked",
    ["pods", "secrets", "configmaps", "workflows", "workflowtaskresults", "secrets/kvjob-store", "nodes"],
)
def test_a_run_s_token_reads_nothing_of_the_cluster(token_s_kubeconfig, asked):
    line = ["kubectl", "--kubeconfig", token_s_kubeconfig, "get", asked, "-n", NAMESPACE]
    result = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode != 0, result.stdout
    assert "forbidden" in result.stderr


def test_a_run_s_token_reports_its_own_result_and_a_preparing_one_reads_what_the_preflight_needs(release):
    def may(account: str, verb: str, what: str) -> bool:
        who = f"--as=system:serviceaccount:{NAMESPACE}:{account}"
        answer = kubectl("auth", "can-i", verb, what, "-n", NAMESPACE, who, check=False).strip()
        return answer == "yes"

    results = "workflowtaskresults.argoproj.io"
    both = [("create", results), ("patch", results)]
    prepare = [
        ("get", "workflowtemplates.argoproj.io"),
        ("list", "resourcequotas"),
        ("list", "limitranges"),
        ("get", "serviceaccounts/kvjob-run"),
        ("create", "localsubjectaccessreviews.authorization.k8s.io"),
        ("list", "nodes"),
    ]
    assert [each for each in both if not may("kvjob-run", *each)] == []
    assert [each for each in both + prepare if not may("kvjob-prepare", *each)] == []
    refused = [
        ("get", "secrets"),
        ("get", "serviceaccounts"),
        ("list", "pods"),
        ("delete", results),
        ("patch", "namespaces"),
    ]
    accounts = ("kvjob-run", "kvjob-prepare")
    assert [each for account in accounts for each in refused if may(account, *each)] == []


def test_an_upgrade_keeps_values_passwords_and_data(release):
    line = ("helm", "upgrade", "kvjob", CHART, "-n", NAMESPACE, "--reuse-values")
    names = ("kvjob-store", "kvjob-minio-root")
    before = [secret(name) for name in names]
    run(*line, "--set", "parameters.preset=smoke", timeout=300)
    run(*line, "--set", "minio.resources.requests.cpu=50m", timeout=300)  # another pod takes MinIO's place
    kubectl("rollout", "status", "statefulset/kvjob-minio", "-n", NAMESPACE, "--timeout=120s", timeout=150)
    assert [secret(name) for name in names] == before
    assert kubectl("get", "workflowtemplate", "kvjob-study", "-n", NAMESPACE, "-o", PARAMETERS) == "smoke"
    with study_s_store() as client:
        assert client.get_object(Bucket="kvjob", Key="kept/by-the-volume")["Body"].read() == b"1"


def test_uninstalling_leaves_nothing_but_the_volume(release):
    run("helm", "uninstall", "kvjob", "-n", NAMESPACE, "--wait", timeout=300)
    kubectl("wait", "-n", NAMESPACE, "--for=delete", "pod", "--all", "--timeout=60s", timeout=90)
    left = {(each["kind"], each["metadata"]["name"]) for each in listed(namespaced=True)}
    assert left == {
        ("PersistentVolumeClaim", "data-kvjob-minio-0"),
        ("ServiceAccount", "default"),  # these two are every namespace's own
        ("ConfigMap", "kube-root-ca.crt"),
    }
    beyond = [each for each in listed(namespaced=False) if NAMESPACE in json.dumps(each)]
    assert sorted(each["kind"] for each in beyond) == ["Namespace", "PersistentVolume"]


def test_an_installation_anew_finds_the_studies_again(release):
    run("helm", "install", "kvjob", CHART, "-n", NAMESPACE, timeout=300)
    with study_s_store() as client:
        assert client.get_object(Bucket="kvjob", Key="kept/by-the-volume")["Body"].read() == b"1"
