"""kvjob's chart in a namespace, as a user installs it."""

from dataclasses import dataclass

SMALL = {
    "prepare.resources.requests.cpu": "50m",
    "train.resources.requests.cpu": "50m",
    "report.resources.requests.cpu": "50m",
    "minio.resources.requests.cpu": "50m",
    "keep.podSeconds": "5",
    "observe.exporter.interval": "2",
    "observe.exporter.gpuHourPrice": "1",
    "observe.exporter.resources.requests.cpu": "20m",
}
"""Two cores are shared by all: only GPUs may be what pods wait for."""


@dataclass(frozen=True)
class Installed:
    """A namespace with the chart in it."""

    namespace: str
