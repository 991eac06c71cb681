"""A Workflow object, read as the runs of a study."""

import gzip
import json
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

import yaml

from kvjob.cluster.connect import Object
from kvjob.cluster.fact import RunFact
from kvjob.cluster.words import ending, first_sentence, one_line, quota, unschedulable

GONE_ON = ("Failed", "Error", "Succeeded", "Skipped", "Omitted")
"""Phases of what is over."""

Nodes = dict[str, Object]


def unpacked(workflow: Object) -> Object:
    """The same workflow with its nodes as an object, which Argo compresses where they are many."""
    status = workflow.get("status", {})
    packed = status.get("compressedNodes")
    if not packed:
        return workflow
    nodes = json.loads(gzip.decompress(b64decode(packed)))
    # so that what is unpacked stays as it is when it is given again
    return {**workflow, "status": {**status, "nodes": nodes, "compressedNodes": ""}}


def nodes_of(workflow: Object) -> Nodes:
    """Argo's nodes by their ids; none if Argo keeps them in a database instead."""
    found: Nodes = workflow.get("status", {}).get("nodes") or {}
    return found


def is_offloaded(workflow: Object) -> bool:
    """Whether Argo keeps the nodes in a database, out of reach of the API server."""
    return bool(workflow.get("status", {}).get("offloadNodeStatusVersion"))


def is_active(workflow: Object) -> bool:
    """Whether Argo still works on it."""
    return workflow.get("status", {}).get("phase", "") in ("", "Pending", "Running")


def is_of(workflow: Object, study: str) -> bool:
    """Whether a workflow is of that study: by its parameters, or by what its steps were given."""
    template = workflow.get("status", {}).get("storedWorkflowTemplateSpec", {})
    given = _values(template.get("arguments", {})) | _values(workflow["spec"].get("arguments", {}))
    if given.get("name") or given.get("study"):
        return (given.get("name") or _name(given["study"])) == study
    return any(_values(node.get("inputs", {})).get("study") == study for node in nodes_of(workflow).values())


def run_facts(workflow: Object) -> dict[str, RunFact]:
    """The fact that each run of a workflow is, as its nodes tell it."""
    facts: dict[str, RunFact] = {}
    nodes = nodes_of(workflow)
    for node in nodes.values():
        given = _values(node.get("inputs", {}))
        key = given.get("key")
        if not key or node["type"] not in ("Retry", "Pod"):
            continue
        if node["type"] == "Pod" and key in facts:
            continue  # the attempt of a Retry, which tells more
        facts[key] = _fact(node, nodes, workflow)
    for key in _planned(workflow):
        if key not in facts:
            facts[key] = _held(workflow, nodes)
    return facts


def steps(workflow: Object, name: str) -> Iterator[Object]:
    """Nodes of the template of that name, in no order."""
    return (node for node in nodes_of(workflow).values() if node.get("templateName") == name)


def waiting_words(message: str) -> tuple[str, str]:
    """A message of a node without a result, in a few words and on one line."""
    said = one_line(message)
    if "Unschedulable" in said:
        return unschedulable(said), first_sentence(said)
    if "ImagePull" in said:
        return "image cannot be pulled", said
    return quota(said) or said, said


def _fact(node: Object, nodes: Nodes, workflow: Object) -> RunFact:
    if "waiting" in node.get("synchronizationStatus", {}):
        mutex = node["synchronizationStatus"]["waiting"]
        return RunFact("waiting", "trained elsewhere", _holder(workflow, mutex))
    attempt = _last_attempt(node, nodes)
    said = attempt.get("message", "")
    host = attempt.get("hostNodeName", "")
    match node["phase"], attempt["phase"]:
        case ("Succeeded", _):
            return RunFact("done", node=host)
        case (phase, _) if phase in GONE_ON:
            return RunFact("failed", ending(said or node.get("message", "")), one_line(said), host)
        case (_, phase) if phase in GONE_ON:
            pause = node.get("message", "")
            return RunFact("retrying", ending(said), one_line(f"{said}; {pause}"), host)
        case (_, "Running"):
            return RunFact("running", node=host)
    why, detail = waiting_words(said)
    return RunFact("waiting", why, detail, host) if why else RunFact("starting", node=host)


def _last_attempt(node: Object, nodes: Nodes) -> Object:
    children = [nodes[child] for child in node.get("children", []) if child in nodes]
    return children[-1] if node["type"] == "Retry" and children else node


def _holder(workflow: Object, mutex: str) -> str:
    """Who has the lock that a run waits for; Argo writes NAMESPACE/WORKFLOW/NODE."""
    waits = workflow.get("status", {}).get("synchronization", {}).get("mutex", {}).get("waiting", [])
    holder = next((each.get("holder", "") for each in waits if each.get("mutex") == mutex), "")
    return f"workflow {holder.split('/')[1]} trains it" if holder.count("/") == 2 else f"waits for {mutex}"


def _held(workflow: Object, nodes: Nodes) -> RunFact:
    """A run that Argo has made no node for."""
    if not is_active(workflow):
        return RunFact("failed", "workflow ended before it", one_line(workflow["status"].get("message", "")))
    limits = [
        spec["parallelism"]
        for spec in (workflow["spec"], workflow["status"].get("storedWorkflowTemplateSpec", {}))
        if spec.get("parallelism")
    ]
    busy = sum(node["type"] == "Pod" and node["phase"] in ("Pending", "Running") for node in nodes.values())
    if limits and busy >= min(limits):
        return RunFact("waiting", f"at most {min(limits)} at once")
    return RunFact("waiting", "its turn has not come")


def _planned(workflow: Object) -> list[str]:
    """Keys of the runs that `prepare` told the workflow to train."""
    keys: dict[str, None] = {}
    for node in steps(workflow, "prepare"):
        for output in node.get("outputs", {}).get("parameters", []):
            try:
                keys.update(dict.fromkeys(_keys(json.loads(output.get("value", "")))))
            except ValueError:
                continue  # not a list of runs
    return list(keys)


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _keys(each)
    elif isinstance(value, dict) and isinstance(value.get("key"), str):
        yield value["key"]


def _values(arguments: Object) -> dict[str, str]:
    return {each["name"]: str(each.get("value", "")) for each in arguments.get("parameters", [])}


def _name(study: str) -> str:
    """The name of a study that may be given whole, as YAML."""
    if "\n" not in study and ":" not in study:
        return study
    try:
        whole = yaml.safe_load(study)
    except yaml.YAMLError:
        return ""
    return str(whole.get("name", "")) if isinstance(whole, dict) else ""
