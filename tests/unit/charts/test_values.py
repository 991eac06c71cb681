"""The face of the chart: what its values, their schema and its README say of each other."""

import importlib.util
import json
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

import kvjob
from tests.unit.charts.rendering import CHART, EVERY, ROOT, helm, refusal, source, template, values_of

VALUES = (CHART / "values.yaml").read_text(encoding="utf-8")
SCHEMA = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def document() -> Any:
    spec = importlib.util.spec_from_file_location("document", ROOT / "charts/document.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def resolve(schema: dict[str, Any]) -> dict[str, Any]:
    return SCHEMA["definitions"][schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema


def properties(schema: dict[str, Any], path: str = "") -> Iterator[str]:
    """Paths of all values that the schema knows, down to structures that are Kubernetes' own."""
    own = schema.get("properties", {})
    if not own or "$ref" in schema:
        yield path
    for name, below in own.items():
        if name != "global":
            yield from properties(below, f"{path}.{name}".lstrip("."))


def test_every_value_has_a_comment_and_a_place_in_the_schema(document):
    assert {value.path for value in document.documented(VALUES)} == set(properties(SCHEMA))


def test_the_readme_s_table_is_that_of_the_values(document):
    readme = (CHART / "README.md").read_text(encoding="utf-8")
    assert document.with_table(readme, VALUES) == readme


def test_every_object_of_the_schema_refuses_what_it_does_not_know():
    def objects(schema: Any) -> Iterator[dict[str, Any]]:
        if isinstance(schema, dict):
            if "properties" in schema and isinstance(schema["properties"], dict):
                yield schema
            for below in schema.values():
                yield from objects(below)

    assert [each for each in objects(SCHEMA) if each.get("additionalProperties") is not False] == []


def test_parameters_are_those_of_the_study():
    names = [each["name"] for each in source()["spec"]["arguments"]["parameters"]]
    assert sorted(names) == sorted(SCHEMA["properties"]["parameters"]["properties"])
    assert sorted(names) == sorted(yaml.safe_load(VALUES)["parameters"])


def test_the_chart_is_of_this_version_of_kvjob():
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    assert chart["appVersion"] == kvjob.__version__


@pytest.mark.parametrize("scenario", EVERY)
def test_lint_finds_nothing(scenario):
    result = helm("lint", "--strict", "--quiet", CHART, *values_of(scenario))
    assert (result.returncode, result.stdout.strip()) == (0, ""), result.stdout + result.stderr


@pytest.mark.parametrize(
    ("setting", "place", "says"),
    [
        ("gpu.cuont=1", "gpu", "Additional property cuont is not allowed"),
        ("gpu.count=2", "gpu.count", "less than or equal to 1"),
        ('gpu.resource="gpu"', "gpu.resource", "pattern"),
        ("parallelism=0", "parallelism", "greater than or equal to 1"),
        ('train.retries="many"', "train.retries", "integer"),
        ('train.resources={"limits":{"memory":"8Gi"}}', "train.resources.limits", "memory is not allowed"),
        ('parameters.preset="fast"', "parameters.preset", '"full", "cpu", "smoke"'),
        ('parameters.data="kvasr"', "parameters.data", "kvasir|synthetic"),
        ('store.prefix="/studies/"', "store.prefix", "pattern"),
        ('store.endpoint="s3.example:9000"', "store.endpoint", "https?"),
        ('store.bucket="Studies"', "store.bucket", "pattern"),
        ('images.tools.digest="9f86d0"', "images.tools.digest", "sha256"),
        ('networkPolicy.apiServer.cidrs=["10.0.0.1"]', "networkPolicy.apiServer.cidrs.0", "pattern"),
        ('pods.env=["HTTP_PROXY=x"]', "pods.env.0", "Expected: object"),
        ('pods.nodeSelector={"gpu":true}', "pods.nodeSelector.gpu", "Expected: string"),
        ('minio.enabled="no"', "minio.enabled", "Expected: boolean"),
    ],
)
def test_a_mistake_is_refused_with_its_place_and_what_is_allowed(setting, place, says):
    told = refusal(setting)
    line = next((line for line in told.splitlines() if line.startswith(f"- {place}:")), told)
    assert says in line


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (["minio.enabled=false"], "store.existingSecret"),
        (["minio.enabled=false", 'store.accessKeyId="abc"'], "store.secretAccessKey"),
        (['store.endpoint="https://s3.example"'], "minio.enabled=false"),
        (['store.existingSecret="mine"', 'store.accessKeyId="abc"'], "the one or the other"),
    ],
)
def test_values_that_contradict_each_other_are_refused(settings, says):
    assert says in refusal(*settings)


def test_a_file_of_the_study_that_is_damaged_is_named(tmp_path):
    chart = tmp_path / "kvjob"
    shutil.copytree(CHART, chart)
    (chart / "files/kvjob-study.json").write_text("{")
    result = helm("template", "kvjob", chart)
    assert result.returncode != 0
    assert "files/kvjob-study.json" in result.stderr
    assert template().returncode == 0
