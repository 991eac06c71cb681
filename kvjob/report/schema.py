"""`report.schema.json`: what report.json holds, as a JSON schema that follows from its models.

Fields may be added at any time; one that goes, or changes its type, raises the document's format number.
"""

import json
from functools import cache
from typing import Any

from kvjob.records.document import FORMAT
from kvjob.report.document import ReportRecord
from kvjob.report.meanings import MEANINGS


@cache
def schema_json() -> str:
    """The schema as text (draft 2020-12); equal models give equal text."""
    schema = ReportRecord.model_json_schema(mode="serialization")
    for model in (schema, *schema["$defs"].values()):
        _describe(model)
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:kvjob:report:{FORMAT}",
        "title": "Report of a kvjob study",
    }
    return (
        json.dumps({**head, **{key: value for key, value in schema.items() if key not in head}}, indent=1)
        + "\n"
    )


def _describe(model: dict[str, Any]) -> None:
    """Descriptions on one line, and those that the models do not have."""
    for name, field in model.get("properties", {}).items():
        field["description"] = " ".join(field.get("description", MEANINGS.get(name, "")).split())
