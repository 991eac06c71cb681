"""With what a run is trained."""

import os
import platform
from importlib.metadata import version

import torch

from kvjob import __version__
from kvjob.records.run import Environment
from kvjob.train.device import device_name

LIBRARIES = (
    "torch",
    "segmentation-models-pytorch",
    "timm",
    "albumentations",
    "opencv-python-headless",
    "numpy",
    "safetensors",
)


def environment(device: torch.device) -> Environment:
    """The versions and the device of this process."""
    return Environment(
        kvjob=__version__,
        image=os.environ.get("KVJOB_IMAGE", ""),
        python=platform.python_version(),
        platform=platform.platform(),
        libraries={name: version(name) for name in LIBRARIES},
        device=device_name(device),
        cuda=torch.version.cuda or "" if device.type == "cuda" else "",
    )
