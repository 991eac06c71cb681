"""The study that would test a recommendation: as a file for `kvjob run`, and as options for any study."""

import shlex
from typing import Any

import yaml

from kvjob.report.conclusions.recommend import Recommendation

NEXT_STUDY = "recommended.yaml"
"""Its file beside the page."""
_LONGEST_NAME = 50
_SUFFIX = "-recommended"


def next_study(study: dict[str, Any], recommended: Recommendation) -> str:
    """A study of two levels, the study's own base and the recommended levels together, as YAML.

    Its base is the study's, so that the baseline's runs are those that are trained already.

    Args:
        study: the study as it was planned, as plain values.
        recommended: a recommendation that changes something.
    """
    name = study["name"][: _LONGEST_NAME - len(_SUFFIX)].rstrip("-") + _SUFFIX
    factor = next(iter(recommended.changes))
    experiment = {
        "name": "recommended",
        "title": "The recommended levels together",
        "question": "Do the recommended levels together keep what each gained alone?",
        "factor": factor,
        "levels": [{"name": "together", "label": "Together", "changes": recommended.changes}],
    }
    values = {
        "name": name,
        "title": "The recommended configuration against the baseline",
        "preset": study["preset"],
        "seeds": study["seeds"],
        "base": study["base"],
        "experiments": [experiment],
    }
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=100)


def options(changes: dict[str, Any]) -> str:
    """`--set optimizer=rmsprop --set …`, ready for a shell."""
    return " ".join(f"--set {shlex.quote(f'{field}={_scalar(value)}')}" for field, value in changes.items())


def _scalar(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000)
    return text.removesuffix("...\n").strip()
