"""What the chart makes for Prometheus and Grafana."""

import json
import re

import pytest
import yaml

from tests.unit.charts.rendering import CHART, ROOT, Object, refusal, rendered, step

OPERATOR = ("observe.scrape.monitors=true", "observe.alerts.enabled=true")
KINDS = {"PodMonitor", "ServiceMonitor", "PrometheusRule"}
FILE = yaml.safe_load((CHART / "files/alerts.yaml").read_text(encoding="utf-8"))
NAMES = [rule["alert"] for group in FILE["groups"] for rule in group["rules"]]


def alerts(*settings: str) -> dict[str, Object]:
    groups = rendered("", *OPERATOR, *settings)["PrometheusRule", "kvjob"]["spec"]["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def test_objects_of_the_operator_are_made_where_it_is_and_where_a_value_says_so():
    assert not KINDS & {kind for kind, _ in rendered()}
    assert {kind for kind, _ in rendered("", *OPERATOR)} >= KINDS


def test_monitors_find_pods_and_service_by_labels_that_they_have_and_a_port_that_they_name():
    objects = rendered("", *OPERATOR)
    monitor = objects["PodMonitor", "kvjob-train"]["spec"]
    train = step("train")
    assert monitor["selector"]["matchLabels"].items() <= train["metadata"]["labels"].items()
    ports = {port["name"]: port["containerPort"] for port in train["container"]["ports"]}
    assert ports[monitor["podMetricsEndpoints"][0]["port"]] == 9108
    service = objects["Service", "kvjob-exporter"]
    monitor = objects["ServiceMonitor", "kvjob-exporter"]["spec"]
    assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert monitor["endpoints"][0]["port"] == service["spec"]["ports"][0]["name"]
    pod = objects["Deployment", "kvjob-exporter"]["spec"]["template"]
    assert service["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
    assert pod["spec"]["containers"][0]["ports"] == [{"name": "metrics", "containerPort": 9109}]


def test_the_label_that_an_operator_looks_for_is_a_value():
    release = '{"release":"kube-prometheus-stack"}'
    objects = rendered("", *OPERATOR, f"observe.scrape.labels={release}", f"observe.alerts.labels={release}")
    for (kind, name), each in objects.items():
        if kind in KINDS:
            assert each["metadata"]["labels"]["release"] == "kube-prometheus-stack", name


def test_a_prometheus_without_operator_finds_pods_by_annotations():
    assert "annotations" not in step("train")["metadata"]
    setting = "observe.scrape.annotations=true"
    assert step("train", "", setting)["metadata"]["annotations"] == {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": "9108",
        "prometheus.io/path": "/metrics",
    }
    pod = rendered("", setting)["Deployment", "kvjob-exporter"]["spec"]["template"]
    assert pod["metadata"]["annotations"]["prometheus.io/port"] == "9109"


def test_annotations_of_the_user_s_own_stay_beside_them():
    train = step("train", "kueue", "observe.scrape.annotations=true")["metadata"]["annotations"]
    assert {"cluster-autoscaler.kubernetes.io/safe-to-evict", "prometheus.io/scrape"} <= set(train)


@pytest.mark.parametrize("name", ["study", "run", "fleet"])
def test_a_dashboard_arrives_as_it_is_in_its_file(name):
    labels = '{"grafana_dashboard":"yes"}'
    settings = (
        f"observe.dashboards.labels={labels}",
        'observe.dashboards.annotations={"grafana_folder":"k"}',
    )
    made = rendered("", *settings)["ConfigMap", f"kvjob-dashboard-{name}"]
    assert made["metadata"]["annotations"] == {"grafana_folder": "k"}
    assert made["metadata"]["labels"]["grafana_dashboard"] == "yes"
    [text] = made["data"].values()
    assert json.loads(text) == json.loads(
        (CHART / f"files/dashboards/{name}.json").read_text(encoding="utf-8")
    )
    assert len(text) < 1_000_000, "a ConfigMap holds a megabyte"


def test_dashboards_have_the_sidecar_s_label_and_can_be_left_out():
    assert rendered()["ConfigMap", "kvjob-dashboard-study"]["metadata"]["labels"]["grafana_dashboard"] == "1"
    left = rendered("", "observe.dashboards.enabled=false")
    assert not [name for _, name in left if name.startswith("kvjob-dashboard")]


def test_the_exporter_reads_the_store_and_what_it_needs_of_the_cluster():
    objects = rendered("", "observe.exporter.gpuHourPrice=2.5", "observe.exporter.interval=60")
    [container] = objects["Deployment", "kvjob-exporter"]["spec"]["template"]["spec"]["containers"]
    assert container["command"] == [
        *("kvjob", "exporter", "--port=9109", "--interval=60", "--namespace=studies"),
        *("--evidence", "--gpu-hour-price=2.5"),
    ]
    assert {"secretRef": {"name": "kvjob-store"}} in container["envFrom"]
    may = {
        (resource, verb)
        for rule in objects["Role", "kvjob-exporter"]["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    needed = {("pods", "list"), ("workflows", "list"), ("workflowtemplates", "get")}
    assert may == needed | {("pods", "watch"), ("events", "list")}
    assert ("ClusterRole", "kvjob-exporter-studies") in objects
    assert ("ClusterRole", "kvjob-exporter-studies") not in rendered("", "rbac.nodes=false")


def test_an_exporter_that_gathers_no_evidence_may_not_read_events():
    objects = rendered("", "observe.exporter.evidence=false")
    [container] = objects["Deployment", "kvjob-exporter"]["spec"]["template"]["spec"]["containers"]
    assert "--evidence" not in container["command"]
    rules = objects["Role", "kvjob-exporter"]["rules"]
    assert not [rule for rule in rules if "events" in rule["resources"] or "watch" in rule["verbs"]]


def test_without_a_price_no_cost_is_asked_for():
    [container] = rendered()["Deployment", "kvjob-exporter"]["spec"]["template"]["spec"]["containers"]
    assert not [word for word in container["command"] if "price" in word]


def test_the_exporter_can_be_left_out_with_all_that_is_its_own():
    objects = rendered("", *OPERATOR, "observe.exporter.enabled=false")
    assert [name for _, name in objects if "exporter" in name] == []
    assert ("PodMonitor", "kvjob-train") in objects


def test_alerts_are_those_of_the_file_that_a_plain_prometheus_reads():
    plain = {rule["alert"]: rule for group in FILE["groups"] for rule in group["rules"]}
    assert alerts() == plain


@pytest.mark.parametrize("name", NAMES)
def test_threshold_duration_and_severity_of_every_alert_are_values(name):
    default = alerts()[name]
    change = f'observe.alerts.rules={{"{name}":{{"threshold":4321.5,"for":"77m","severity":"critical"}}}}'
    changed = alerts(change)
    lines = list(zip(default["expr"].splitlines(), changed[name]["expr"].splitlines(), strict=True))
    [(before, after)] = [(one, other) for one, other in lines if one != other]
    assert re.fullmatch(r"[<>]=? [0-9.]+", before)
    assert after == f"{before.split()[0]} 4321.5"
    assert changed[name]["for"] == "77m"
    assert changed[name]["labels"]["severity"] == "critical"
    assert {other: rule for other, rule in changed.items() if other != name} == {
        other: rule for other, rule in alerts().items() if other != name
    }


def test_an_alert_can_be_left_out_and_one_that_does_not_exist_is_refused():
    assert set(NAMES) - set(alerts('observe.alerts.rules={"KvjobStudyFinished":{"enabled":false}}')) == {
        "KvjobStudyFinished"
    }
    assert "KvjobSlow is not allowed" in refusal('observe.alerts.rules={"KvjobSlow":{"enabled":false}}')
    assert "severity" in refusal('observe.alerts.rules={"KvjobNoProgress":{"severity":"page"}}')


@pytest.mark.parametrize("name", NAMES)
def test_every_alert_says_what_where_and_what_to_do(name):
    rule = alerts('observe.alerts.runbooks="https://git.example/kvjob/blob/main/"')[name]
    assert rule["annotations"]["summary"]
    assert rule["annotations"]["description"]
    assert rule["labels"]["severity"] in ("info", "warning", "critical")
    url = rule["annotations"]["runbook_url"]
    assert url.startswith("https://git.example/kvjob/blob/main/docs/runbooks/")
    text = (ROOT / url.removeprefix("https://git.example/kvjob/blob/main/")).read_text(encoding="utf-8")
    assert text.startswith(f"# {name}\n")


def test_the_configuration_for_a_prometheus_without_operator_finds_the_same_pods():
    config = yaml.safe_load((ROOT / "docs/observe/prometheus.yml").read_text(encoding="utf-8"))
    [job] = config["scrape_configs"]
    [[selector]] = [each["selectors"] for each in job["kubernetes_sd_configs"]]
    exporter = rendered()["Deployment", "kvjob-exporter"]["spec"]["template"]["metadata"]["labels"]
    steps = {step("train")["metadata"]["labels"]["kvjob/step"], exporter["kvjob/step"]}
    assert selector["role"] == "pod"
    assert re.fullmatch(r"kvjob/step in \((\w+), (\w+)\)", selector["label"])
    assert set(re.findall(r"\w+(?=[,)])", selector["label"])) == steps
    kept = {rule["regex"] for rule in job["relabel_configs"] if rule.get("action") == "keep"}
    assert kept == {port["name"] for port in step("train")["container"]["ports"]}
