import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from kvjob.records.document import FORMAT
from kvjob.report import build_report
from kvjob.report.document import ReportRecord
from kvjob.report.schema import schema_json
from tests.unit.report.example import NOW, MemoryStore, make_study, start

GOLDEN = Path(__file__).parent / "golden" / "report.schema.json"
Schema = dict[str, Any]


def read(folder: Path) -> tuple[Any, Schema]:
    record = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return record, json.loads((folder / record["$schema"]).read_text(encoding="utf-8"))


@pytest.fixture(scope="module", params=["mixed", "nothing has run", "test-steered"])
def folder(request, mixed_report: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if request.param == "mixed":
        return mixed_report
    store = MemoryStore()
    base = {"protocol": "test-steered"} if request.param == "test-steered" else {}
    plan = make_study(store, "optimizer", base=base)
    if base:
        start(store, plan.runs[0], epochs=2)
    return build_report(store, "paper", tmp_path_factory.mktemp("schema") / "out", now=NOW).parent


def test_a_report_is_what_the_schema_beside_it_says(folder: Path):
    record, schema = read(folder)
    Draft202012Validator.check_schema(schema)
    assert not list(Draft202012Validator(schema).iter_errors(record))


def test_the_schema_refuses_what_is_no_report(mixed_report: Path):
    record, schema = read(mixed_report)
    for spoil in (
        lambda it: it.pop("dataset"),
        lambda it: it["runs"][0].update(seed="zero"),
        lambda it: it["runs"][0].update(standing="asleep"),
        lambda it: it.update(more=1),
    ):
        spoiled = copy.deepcopy(record)
        spoil(spoiled)
        assert list(Draft202012Validator(schema).iter_errors(spoiled))


def test_every_field_says_what_it_is():
    silent = [
        f"{model}.{name}"
        for model, name, field in fields(json.loads(schema_json()))
        if not field["description"]
    ]
    assert not silent


def test_the_record_reads_back_as_it_was_written(mixed_report: Path):
    text = (mixed_report / "report.json").read_text(encoding="utf-8")
    assert ReportRecord.model_validate_json(text).model_dump_json(indent=1) + "\n" == text


def test_no_field_goes_or_changes_its_type_within_a_format():
    """Who reads one report.json can read all of its format; `make manifests` takes new fields in."""
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    if golden["$id"] != f"urn:kvjob:report:{FORMAT}":
        pytest.fail("the format number was raised: render the golden schema anew with make manifests")
    now = {(model, name): field for model, name, field in fields(json.loads(schema_json()))}
    for model, name, field in fields(golden):
        assert (model, name) in now, f"{model}.{name} is gone: raise the format number"
        assert kinds(field) <= kinds(now[model, name]), f"{model}.{name} changed: raise the format number"


def fields(schema: Schema) -> Iterator[tuple[str, str, Schema]]:
    for model, content in {"ReportRecord": schema, **schema["$defs"]}.items():
        for name, field in content.get("properties", {}).items():
            yield model, name, field


def kinds(field: Schema) -> set[str]:
    """What a field may be: its types, or the models it refers to."""
    if "anyOf" in field:
        return set().union(*(kinds(each) for each in field["anyOf"]))
    if field.get("type") == "array":
        return {f"array of {kind}" for kind in kinds(field.get("items", {})) or {"anything"}}
    return {kind for kind in (field.get("type"), field.get("$ref")) if kind}
