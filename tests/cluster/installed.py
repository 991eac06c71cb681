"""kvjob's chart in a namespace, as a user installs it."""

from dataclasses import dataclass

SMALL = {
    "prepare.resources.requests.cpu": "50m",
    "train.resources.requests.cpu": "50m",
    "report.resources.requests.cpu": "50m",
    "minio.resources.requests.cpu": "50m",
    "keep.podSeconds": "5",
}
"""Two cores are shared by all: only GPUs may be what pods wait for."""


@dataclass(frozen=True)
class Installed:
    """A namespace with the chart in it."""

    namespace: str
