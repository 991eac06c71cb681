import copy
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from kvjob.report import build_report
from kvjob.report.document import ReportRecord
from tests.unit.report.example import NOW, MemoryStore, make_study, start

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


def test_the_record_reads_back_as_it_was_written(mixed_report: Path):
    text = (mixed_report / "report.json").read_text(encoding="utf-8")
    assert ReportRecord.model_validate_json(text).model_dump_json(indent=1) + "\n" == text
