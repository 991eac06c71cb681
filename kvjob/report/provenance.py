"""What a reader needs to make the same results again."""

from collections.abc import Iterable

import yaml

from kvjob.report.document import ReportRecord

STUDY_FILE = "study.yaml"
"""The study as it was planned, beside the page."""


def study_yaml(record: ReportRecord) -> str:
    """The study as a file that `kvjob run` takes, levels and baseline written out."""
    return yaml.safe_dump(record.study, sort_keys=False, allow_unicode=True, width=100)


def commands(record: ReportRecord) -> tuple[tuple[str, str], ...]:
    """What to type, and what it does."""
    name = record.study["name"]
    return (
        (f"kvjob run {STUDY_FILE} --data DIR --store URL", "train every run of this study and report"),
        (f"kvjob train KEY --study {name} --store URL", "train one run, by its key in the list of runs"),
        (f"kvjob report {name} --store URL --out DIR", "make this report again"),
    )


def facts(record: ReportRecord) -> list[tuple[str, str]]:
    """Names and values; where runs differ, every value there was."""
    environments = [run.environment for run in record.runs if run.environment]
    images = record.image_counts
    found = [
        ("Study", f"{record.study['name']}, preset {record.study['preset']}, seeds {record.study['seeds']}"),
        ("Base", ", ".join(f"{key}={value}" for key, value in record.study["base"].items())),
        ("Planned", f"{record.planned:%Y-%m-%d %H:%M} {record.planned.tzname() or ''}".strip()),
        ("Data set", f"{record.dataset}, {', '.join(f'{count} {part}' for part, count in images.items())}"),
        ("Code", record.code),
        ("Report made by", f"kvjob {record.kvjob}"),
        ("Runs trained by", _distinct(f"kvjob {item.kvjob}" for item in environments)),
        ("Device", _distinct(item.device for item in environments)),
        ("CUDA", _distinct(item.cuda for item in environments)),
        ("Container image", _distinct(item.image for item in environments)),
        ("Python", _distinct(item.python for item in environments)),
        ("Platform", _distinct(item.platform for item in environments)),
    ]
    names = sorted({name for item in environments for name in item.libraries})
    found += [(name, _distinct(item.libraries.get(name, "") for item in environments)) for name in names]
    return [(name, value) for name, value in found if value]


def _distinct(values: Iterable[str]) -> str:
    return "; ".join(sorted({value for value in values if value}))
