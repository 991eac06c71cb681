"""The files of `workflows/`: manifests that are Python programs.

Such a file begins with YAML that is also Python (annotations without a value), which `argo submit` reads up
to the line `...`; what follows is Python's alone.
"""

import argparse
import inspect
import sys
from typing import Any

from kvjob.cluster.manifest import as_yaml
from kvjob.cluster.study_template import GPU, study_template
from kvjob.errors import ConfigurationError, KvjobError


def show(module: str) -> None:
    """Print the manifest that the file of this module stands for; ends the process with 78 if it is refused.

    Args:
        module: the file's `__name__`.
    """
    head = inspect.get_annotations(sys.modules[module])
    options = _options(head)
    try:
        manifest = head if options.short else whole(head, _settings(options.parameters), options.gpus)
    except KvjobError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(int(error.exit_code))
    sys.stdout.write(as_yaml(manifest))


def whole(head: dict[str, Any], settings: dict[str, str], gpus: int = 1) -> dict[str, Any]:
    """The workflow with everything that the template it refers to would add.

    Args:
        head: a Workflow that refers to the WorkflowTemplate of a study.
        settings: parameters and their values, over those of head.
        gpus: that each train pod asks for.

    Raises:
        ConfigurationError: a parameter that a study does not have.
    """
    given = {item["name"]: item["value"] for item in head["spec"].get("arguments", {}).get("parameters", [])}
    template = study_template().to_dict()["spec"]
    parameters = template["arguments"]["parameters"]
    known, values = [item["name"] for item in parameters], {**given, **settings}
    for name in values:
        if name not in known:
            raise ConfigurationError(
                f"a study has no parameter {name!r}", where="-p", fix=f"Choose from {', '.join(known)}"
            )
    filled = [{**item, "value": values.get(item["name"], item["value"])} for item in parameters]
    templates = [_with_gpus(item, gpus) for item in template["templates"]]
    spec = {**template, "arguments": {"parameters": filled}, "templates": templates}
    return {**head, "spec": spec}


def _with_gpus(template: dict[str, Any], gpus: int) -> dict[str, Any]:
    """The template with another number of GPUs; without any, the resource is not asked for at all."""
    container = template.get("container", {})
    for variable in container.get("env", []):
        if variable["name"] == "KVJOB_GPUS":
            variable["value"] = str(gpus)
    limits = container.get("resources", {}).get("limits", {})
    if GPU in limits:
        limits[GPU] = str(gpus)
        if not gpus:
            del limits[GPU], template["tolerations"]
    return template


def _options(head: dict[str, Any]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=f"Print the workflow {head['metadata']['generateName']}… as YAML.",
        epilog="`argo submit FILE -n NS -p NAME=VALUE` runs it in a namespace that has kvjob's chart.",
    )
    parser.add_argument("-p", dest="parameters", metavar="NAME=VALUE", action="append", default=[])
    parser.add_argument("--gpus", type=int, default=1, metavar="N", help="GPUs of a train pod (default: 1)")
    parser.add_argument("--short", action="store_true", help="only what `argo submit` reads")
    return parser.parse_args()


def _settings(texts: list[str]) -> dict[str, str]:
    settings = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise ConfigurationError(
                f"{text!r} sets nothing", where="-p", fix="Write NAME=VALUE, for example preset=smoke"
            )
        settings[name] = value
    return settings
