"""The messages of schedulers, kubelets and Argo, in a few words."""

import re

from kvjob.cluster.names import ALARMED, KILLED, TERMINATED
from kvjob.errors import ExitCode

_SHORTAGES = re.compile(r"\d+ Insufficient ([\w./-]*\w)")
_REFUSALS = {
    "Too many pods": "no node takes more pods",
    "untolerated taint": "no node without a taint",
    "didn't match Pod's node affinity/selector": "no node with the labels",
    "were unschedulable": "nodes are cordoned",
    "unbound immediate PersistentVolumeClaims": "volume not bound",
    "didn't find available persistent volumes": "volume not bound",
}
_EXIT_CODE = re.compile(r"exit code (\d+)")
_EXITS = {
    ExitCode.DATA: "data missing or damaged",
    ExitCode.CUDA_OOM: "GPU out of memory",
    ExitCode.STORE: "store unreachable",
    ExitCode.INTERRUPTED: "interrupted",
    ExitCode.EXHAUSTED: "failed too often for one cause",
    ExitCode.CONFIGURATION: "configuration refused",
    KILLED: "killed",
    ALARMED: "no progress",
    TERMINATED: "stopped",
}
_QUOTA = re.compile(r"exceeded quota: ([^,]+), requested: ([^,=]+)")
_LONGEST = 40

WAITS = {
    "ErrImagePull": "image cannot be pulled",
    "ImagePullBackOff": "image cannot be pulled",
    "InvalidImageName": "image cannot be pulled",
    "ErrImageNeverPull": "image cannot be pulled",
    "RegistryUnavailable": "image cannot be pulled",
    "CreateContainerConfigError": "ConfigMap or Secret missing",
    "CreateContainerError": "container cannot be made",
    "RunContainerError": "container cannot be started",
}
"""What keeps a container from starting, by the kubelet's name for it."""


def unschedulable(message: str) -> str:
    """Why no node takes a pod, from the scheduler's message."""
    short = dict.fromkeys(_SHORTAGES.findall(message))
    if short:
        # a device is what one waits for; memory and cores are only short where the devices are
        devices = [name for name in short if "/" in name]
        return f"no free {', '.join(devices or short)}"
    return next((words for text, words in _REFUSALS.items() if text in message), "no node fits")


def quota(message: str) -> str:
    """Which quota refused a pod; empty if none did."""
    found = _QUOTA.search(message)
    if found:
        return f"quota {found[1]}: no {found[2].removeprefix('requests.')}"
    return "quota" if "exceeded quota" in message or "failed quota" in message else ""


def ending(message: str) -> str:
    """Why a pod failed, from Argo's message."""
    text = message.removeprefix("main: ")
    if "OOMKilled" in text:
        return "out of memory"
    found = _EXIT_CODE.search(text)
    if found:
        return _EXITS.get(int(found[1]), f"exit code {found[1]}")
    if "imminent node shutdown" in text or "NodeShutdown" in text:
        return "node shut down"
    if "deadline" in text.lower():
        return "took too long"
    return one_line(text)[:_LONGEST] or "failed"


def first_sentence(text: str) -> str:
    """The beginning of a scheduler's message: the rest is about pods that it could evict."""
    return text.partition(". ")[0]


def one_line(text: str) -> str:
    """A message without line breaks."""
    return " ".join(text.split())
