"""What the chart puts beside the study: store, MinIO, accounts, network."""

import json

import pytest
import yaml

from tests.unit.charts.rendering import EVERY, SCENARIOS, rendered


def pod_specs(scenario: str):
    for (kind, name), each in rendered(scenario).items():
        if kind == "Pod":
            yield name, each["spec"]
        elif kind in ("Deployment", "Job", "StatefulSet"):
            yield name, each["spec"]["template"]["spec"]


def rules(scenario: str, name: str, *settings: str) -> list[dict]:
    return rendered(scenario, *settings)["NetworkPolicy", name]["spec"]["egress"]


def repository(scenario: str = "", *settings: str) -> dict:
    data = rendered(scenario, *settings)["ConfigMap", "kvjob-artifacts"]["data"]
    return yaml.safe_load(data["kvjob"])["s3"]


def test_the_bundled_store_is_known_by_a_name_that_every_namespace_resolves():
    address = rendered()["ConfigMap", "kvjob-store"]
    assert address["data"] == {
        "KVJOB_STORE": "s3://kvjob",
        "AWS_ENDPOINT_URL": "http://kvjob-minio.studies.svc:9000",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    assert repository()["endpoint"] == "kvjob-minio.studies.svc:9000"
    assert repository()["insecure"] is True


def test_aws_needs_no_endpoint():
    objects = rendered("external-s3")
    address = objects["ConfigMap", "kvjob-store"]
    assert address["data"] == {
        "KVJOB_STORE": "s3://endoscopy-studies/teams/surgery",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }
    assert address["metadata"]["annotations"] == {"kvjob/secret": "endoscopy-s3"}
    assert repository("external-s3") == {
        "endpoint": "s3.amazonaws.com",
        "insecure": False,
        "region": "eu-central-1",
        "bucket": "endoscopy-studies",
        "keyFormat": "teams/surgery/workflows/{{workflow.name}}/{{pod.name}}",
        "accessKeySecret": {"name": "endoscopy-s3", "key": "AWS_ACCESS_KEY_ID"},
        "secretKeySecret": {"name": "endoscopy-s3", "key": "AWS_SECRET_ACCESS_KEY"},
    }
    assert "minio" not in json.dumps([[kind, name] for kind, name in objects])


@pytest.mark.parametrize(
    ("endpoint", "host", "insecure", "port"),
    [
        ("http://s3.example:8333", "s3.example:8333", True, 8333),
        ("https://s3.example/", "s3.example", False, 443),
        ("http://s3.example", "s3.example", True, 80),
    ],
)
def test_an_s3_elsewhere_is_reached_at_its_own_port(endpoint, host, insecure, port):
    settings = (f'store.endpoint="{endpoint}"',)
    assert repository("external-s3", *settings)["endpoint"] == host
    assert repository("external-s3", *settings)["insecure"] is insecure
    ports = [each["ports"][0]["port"] for each in rules("external-s3", "kvjob-study", *settings)]
    assert port in ports


def test_given_credentials_are_taken_and_missing_ones_are_made():
    given = rendered("", 'store.accessKeyId="surgery"', 'store.secretAccessKey="a \\"quoted\\" one"')
    assert given["Secret", "kvjob-store"]["stringData"] == {
        "AWS_ACCESS_KEY_ID": "surgery",
        "AWS_SECRET_ACCESS_KEY": 'a "quoted" one',
    }
    made = rendered()["Secret", "kvjob-store"]["stringData"]
    assert made["AWS_ACCESS_KEY_ID"] == "kvjob"
    assert len(made["AWS_SECRET_ACCESS_KEY"]) == 40
    root = rendered()["Secret", "kvjob-minio-root"]["stringData"]
    assert made["AWS_SECRET_ACCESS_KEY"] != root["rootPassword"]


def test_secrets_of_the_user_s_own_replace_those_of_the_chart():
    objects = rendered("", 'store.existingSecret="mine"', 'minio.rootSecret="admin"')
    assert not [name for kind, name in objects if kind == "Secret"]
    setup = json.dumps(objects["Job", "kvjob-minio-setup"])
    assert '"name": "mine"' in setup
    assert '"name": "admin"' in setup
    assert "kvjob-minio-root" not in json.dumps(list(objects.values()))


def test_the_study_s_user_may_touch_one_bucket():
    data = rendered("", 'store.bucket="mine"')["ConfigMap", "kvjob-minio-policy"]["data"]
    statements = json.loads(data["policy.json"])["Statement"]
    resources = {resource for each in statements for resource in each["Resource"]}
    assert resources == {"arn:aws:s3:::mine", "arn:aws:s3:::mine/*"}
    assert not [action for each in statements for action in each["Action"] if "*" in action]


def test_a_run_may_report_its_result_and_nothing_else():
    assert rendered()["Role", "kvjob-run"]["rules"] == [
        {"apiGroups": ["argoproj.io"], "resources": ["workflowtaskresults"], "verbs": ["create", "patch"]}
    ]


def test_nothing_is_outside_the_namespace_unless_prepare_may_list_nodes():
    beyond = {"ClusterRole", "ClusterRoleBinding"}
    assert beyond <= {kind for kind, _ in rendered()}
    assert not beyond & {kind for kind, _ in rendered("external-s3")}
    assert rendered()["ClusterRole", "kvjob-prepare-studies"]["rules"] == [
        {"apiGroups": [""], "resources": ["nodes"], "verbs": ["list"]}
    ]
    for (kind, name), each in rendered().items():
        if kind not in beyond:
            assert each["metadata"]["namespace"] == "studies", f"{kind} {name}"


@pytest.mark.parametrize("scenario", EVERY)
def test_every_pod_of_the_chart_is_restricted_and_has_no_token_it_does_not_need(scenario):
    for name, spec in pod_specs(scenario):
        assert spec["securityContext"]["runAsNonRoot"] is True, name
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        asks = name in ("kvjob-namespace", "kvjob-exporter")
        assert spec["automountServiceAccountToken"] is asks, name
        for container in spec["containers"] + spec.get("initContainers", []):
            security = container["securityContext"]
            assert security["readOnlyRootFilesystem"] is True, name
            assert security["allowPrivilegeEscalation"] is False, name
            assert security["capabilities"] == {"drop": ["ALL"]}, name
            assert container["resources"]["limits"]["memory"], name
            assert container["resources"]["requests"]["cpu"], name


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_what_the_chart_runs_itself_comes_from_where_the_study_s_images_do(scenario):
    objects = rendered(scenario)
    study = objects["WorkflowTemplate", "kvjob-study"]["spec"]["templates"]
    tools = next(each for each in study if each["name"] == "prepare")["container"]["image"]
    assert objects["Pod", "kvjob-test-store"]["spec"]["containers"][0]["image"] == tools
    exporter = objects["Deployment", "kvjob-exporter"]["spec"]["template"]["spec"]
    assert exporter["containers"][0]["image"] == tools
    if ("Job", "kvjob-namespace") in objects:
        job = objects["Job", "kvjob-namespace"]["spec"]["template"]["spec"]
        assert job["containers"][0]["image"] == tools


def test_pods_of_a_study_reach_dns_the_store_and_the_api_server():
    dns, store, api = rules("external-s3", "kvjob-study")[:3]
    assert {each["port"] for each in dns["ports"]} == {53, 5353}
    assert store == {"ports": [{"protocol": "TCP", "port": 443}]}
    assert api == {"ports": [{"protocol": "TCP", "port": 443}], "to": [{"ipBlock": {"cidr": "10.0.0.10/32"}}]}
    assert rules("external-s3", "kvjob-study")[3:] == [{"ports": [{"protocol": "TCP", "port": 3128}]}]
    minio = rules("", "kvjob-study")[1]
    assert minio["ports"] == [{"protocol": "TCP", "port": 9000}]
    assert minio["to"][0]["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == "minio"


def test_policies_choose_the_pods_by_labels_that_those_pods_have():
    objects = rendered()
    study = objects["WorkflowTemplate", "kvjob-study"]["spec"]
    labels = {each["name"]: each["metadata"]["labels"] for each in study["templates"] if "container" in each}
    assert all(found["kvjob/step"] == name for name, found in labels.items())
    policies = {name: each for (kind, name), each in objects.items() if kind == "NetworkPolicy"}
    chosen = {name: each["spec"]["podSelector"] for name, each in policies.items()}
    assert chosen["kvjob-study"] == {"matchExpressions": [{"key": "kvjob/step", "operator": "Exists"}]}
    assert chosen["kvjob-download"] == {"matchLabels": {"kvjob/step": "prepare"}}
    watched = {"key": "kvjob/step", "operator": "In", "values": ["train", "exporter"]}
    assert chosen["kvjob-metrics"] == {"matchExpressions": [watched]}
    server = objects["StatefulSet", "kvjob-minio"]["spec"]["template"]["metadata"]["labels"]
    assert chosen["kvjob-minio"]["matchLabels"].items() <= server.items()
    assert objects["Service", "kvjob-minio"]["spec"]["selector"].items() <= server.items()
    ingress = objects["NetworkPolicy", "kvjob-minio"]["spec"]["ingress"][0]["from"][0]
    assert ingress["podSelector"]["matchLabels"].items() <= study["podMetadata"]["labels"].items()


def test_policies_can_be_left_out():
    assert "NetworkPolicy" not in {kind for kind, _ in rendered("", "networkPolicy.enabled=false")}
    closed = rendered("", "networkPolicy.download=false", "networkPolicy.metricsFrom=[]")
    assert {name for kind, name in closed if kind == "NetworkPolicy"} == {"kvjob-study", "kvjob-minio"}


def test_the_namespace_is_not_touched_where_that_is_not_wanted():
    assert ("Job", "kvjob-namespace") in rendered()
    assert not [name for _, name in rendered("external-s3") if name == "kvjob-namespace"]


def test_the_console_can_be_left_out():
    objects = rendered("", "minio.console=false")
    assert [port["port"] for port in objects["Service", "kvjob-minio"]["spec"]["ports"]] == [9000]
    assert "MINIO_BROWSER', 'value': 'off'" in str(objects["StatefulSet", "kvjob-minio"])
