"""What a reader needs to make the same results again, in words."""

from collections.abc import Iterable

import yaml

from kvjob.report.document import ReportRecord
from kvjob.report.origin import STUDY_FILE


def study_yaml(record: ReportRecord) -> str:
    """The study as a file that `kvjob run` takes, levels and baseline written out."""
    return yaml.safe_dump(record.study, sort_keys=False, allow_unicode=True, width=100)


def commands(record: ReportRecord) -> tuple[tuple[str, str], ...]:
    """What to type, and what it does."""
    return tuple((command.line, command.purpose) for command in record.origin.commands)


def facts(record: ReportRecord) -> list[tuple[str, str]]:
    """Names and values; where runs differ, every value there was."""
    environments = [run.environment for run in record.runs if run.environment]
    images, origin = record.image_counts, record.origin
    found = [
        ("Study", f"{record.study['name']}, preset {record.study['preset']}, seeds {record.study['seeds']}"),
        ("Base", ", ".join(f"{key}={value}" for key, value in record.study["base"].items())),
        ("Planned", f"{record.planned:%Y-%m-%d %H:%M} {record.planned.tzname() or ''}".strip()),
        ("Trained", _span(record)),
        ("Data set", f"{record.dataset}, {', '.join(f'{count} {part}' for part, count in images.items())}"),
        ("Code", _code(record)),
        ("Runs trained by", _distinct(f"kvjob {item.kvjob}" for item in environments)),
        ("Device", _distinct(item.device for item in environments)),
        ("CUDA", _distinct(item.cuda for item in environments)),
        ("Container image", _distinct(item.image for item in environments)),
        ("Python", _distinct(item.python for item in environments)),
        ("Platform", _distinct(item.platform for item in environments)),
        ("Libraries", _libraries(record)),
        ("Report made by", ", ".join(filter(None, (f"kvjob {record.kvjob}", _commit(origin.commit))))),
        ("Image of the report", origin.image),
        ("Report's libraries", ", ".join(f"{name} {number}" for name, number in origin.libraries.items())),
    ]
    return [(name, value) for name, value in found if value]


def _span(record: ReportRecord) -> str:
    begin, end = record.origin.first_start, record.origin.last_end
    return f"{begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} {end:%Z}" if begin and end else ""


def _code(record: ReportRecord) -> str:
    """The hash in the run keys, and a warning where this kvjob's sources would give other keys."""
    if record.origin.code == record.code:
        return record.code
    return f"{record.code}; the kvjob that made this report has {record.origin.code}, and would train anew"


def _commit(commit: str) -> str:
    return f"commit {commit}" if commit else ""


def _libraries(record: ReportRecord) -> str:
    """Every library that took part in training, each with every version there was."""
    environments = [run.environment for run in record.runs if run.environment]
    names = dict.fromkeys(name for item in environments for name in item.libraries)
    versions = {name: _distinct(item.libraries.get(name, "") for item in environments) for name in names}
    return ", ".join(f"{name} {numbers}" for name, numbers in versions.items())


def _distinct(values: Iterable[str]) -> str:
    return "; ".join(sorted({value for value in values if value}))


__all__ = ["STUDY_FILE", "commands", "facts", "study_yaml"]
