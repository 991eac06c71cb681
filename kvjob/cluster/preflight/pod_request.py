"""What one run asks of a cluster, as the WorkflowTemplate of a namespace says."""

import json
from dataclasses import dataclass, replace
from decimal import Decimal

from kubernetes.utils.quantity import parse_quantity

from kvjob.cluster.connect import Object
from kvjob.cluster.names import MAIN, STUDY_TEMPLATE
from kvjob.errors import ConfigurationError

Amounts = dict[str, Decimal]
"""By resource: cores, bytes, or pieces."""


@dataclass(frozen=True, slots=True)
class PodRequest:
    """A train pod, before it is one."""

    image: str
    pull_policy: str
    """`Always`, `IfNotPresent`, `Never`."""
    account: str
    """Name of its ServiceAccount."""
    requests: Amounts
    """What the scheduler counts."""
    limits: Amounts
    selector: dict[str, str]
    """Labels that a node must have."""
    terms: list[Object]
    """Of the required node affinity, one of which a node must meet; empty for any node."""
    tolerations: list[Object]
    ends: bool
    """Whether it has a deadline, which some quotas go by."""
    priority: str
    """Name of its priority class; empty for the default."""
    memory_by_run: bool
    """Whether each run asks for memory of its own, instead of what stands here."""

    @property
    def devices(self) -> Amounts:
        """Requests of GPUs and the like."""
        return {name: number for name, number in self.requests.items() if "/" in name}

    def with_memory(self, size: int) -> "PodRequest":
        """The same pod, asking for that many bytes."""
        memory = {"memory": Decimal(size)}
        return replace(self, requests=self.requests | memory, limits=self.limits | memory)


def pod_request(template: Object) -> PodRequest:
    """The pod of the template `train` in the WorkflowTemplate `kvjob-study`.

    Raises:
        ConfigurationError: there is no such template, or an amount is none.
    """
    spec = template["spec"]
    train = next((each for each in spec.get("templates", []) if each.get("name") == "train"), None)
    if train is None or "container" not in train:
        raise ConfigurationError(
            "has no template `train`",
            where=f"WorkflowTemplate {STUDY_TEMPLATE}",
            fix="Upgrade kvjob's chart there",
        )
    container = train["container"]
    patched = _patched(train.get("podSpecPatch", ""))
    limits = _amounts(container.get("resources", {}), "limits") | _amounts(patched, "limits")
    requests = limits | _amounts(container.get("resources", {}), "requests") | _amounts(patched, "requests")
    affinity = (train.get("affinity") or spec.get("affinity") or {}).get("nodeAffinity", {})
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution", {})
    image = container["image"]
    return PodRequest(
        image=image,
        pull_policy=container.get("imagePullPolicy") or _default_policy(image),
        account=train.get("serviceAccountName") or spec.get("serviceAccountName") or "default",
        requests={name: amount for name, amount in requests.items() if amount},
        limits=limits,
        selector=train.get("nodeSelector") or spec.get("nodeSelector") or {},
        terms=required.get("nodeSelectorTerms", []),
        tolerations=train.get("tolerations") or spec.get("tolerations") or [],
        ends="activeDeadlineSeconds" in train,
        priority=train.get("priorityClassName") or spec.get("podPriorityClassName") or "",
        memory_by_run="{{" in str(patched.get("requests", {}).get("memory", "")),
    )


def amount(text: object, where: str) -> Decimal:
    """A quantity of Kubernetes as a number; ConfigurationError if it is none."""
    try:
        return Decimal(parse_quantity(text))  # type: ignore[no-untyped-call]
    except ValueError:
        raise ConfigurationError(
            f"{text!r} is no quantity", where=where, fix="Write it as Kubernetes does: 500m, 4Gi, 1"
        ) from None


def in_words(name: str, number: Decimal) -> str:
    """An amount of a resource as people read it: memory 4.0 GiB, cpu 0.5, nvidia.com/gpu 1."""
    if name.endswith(("memory", "storage")):
        return f"{name} {number / 2**30:.1f} GiB"
    return f"{name} {number.normalize():f}"


def _patched(patch: str) -> Object:
    """Resources that the patch of a pod gives its main container; each run may have its own memory by it."""
    try:
        containers = json.loads(patch or "{}").get("containers", [])
    except ValueError:
        return {}
    return next((each.get("resources", {}) for each in containers if each.get("name") == MAIN), {})


def _amounts(resources: Object, kind: str) -> Amounts:
    """Requests or limits, as far as they are the same for every run."""
    where = f"WorkflowTemplate {STUDY_TEMPLATE}, train"
    given = resources.get(kind, {})
    return {
        name: amount(value, f"{where}, {name}") for name, value in given.items() if "{{" not in str(value)
    }


def _default_policy(image: str) -> str:
    last = image.rpartition("/")[2]
    tagged = "@" in last or (":" in last and not last.endswith(":latest"))
    return "IfNotPresent" if tagged else "Always"
