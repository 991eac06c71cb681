"""The paper's augmentations, each alone, with randomness that depends on nothing but (seed, epoch, image)."""

import os
from typing import Any

import numpy as np

from kvjob.data.image import Image
from kvjob.study.config import Augmentation

AUGMENTATIONS: dict[Augmentation, tuple[str, dict[str, Any]]] = {
    "horizontal-flip": ("HorizontalFlip", {"p": 0.5}),
    "brightness-contrast": ("RandomBrightnessContrast", {"p": 0.2}),
    "gaussian-blur": ("GaussianBlur", {"blur_limit": (3, 7), "p": 0.2}),
}
"""Class of albumentations and its arguments; what is not given is albumentations' default."""


def draw_seed(seed: int, epoch: int, index: int) -> int:
    """The seed of one image's augmentation in one epoch, 0 to 2**32 - 1.

    The same in every process, on every machine and with every version of NumPy (SeedSequence promises it),
    so a resumed run and a run with other workers draw the same.

    Args:
        seed: of the run.
        epoch: numbered from 1.
        index: position of the image in the data set.
    """
    return int(np.random.SeedSequence((seed, epoch, index)).generate_state(1)[0])


class Augmenter:
    """One augmentation. Not for use by several threads at once: the transform keeps its random state."""

    def __init__(self, name: Augmentation) -> None:
        self.name = name
        self._maybe, self._certainly = (_transform(name, certain=certain) for certain in (False, True))

    def __call__(self, image: Image, mask: Image, seed: int, *, certain: bool = False) -> tuple[Image, Image]:
        """Transform an image and its mask, or return them as they are, as the draw decides.

        Args:
            image: shape (height, width, 3), RGB, 0 to 255; not changed.
            mask: shape (height, width); not changed.
            seed: of the draw, see draw_seed.
            certain: apply it whatever its probability, as figures need it.

        Returns:
            Arrays of the same shapes and types; the inputs themselves where nothing was applied.
        """
        transform = self._certainly if certain else self._maybe
        if transform is None:
            return image, mask
        transform.set_random_seed(seed)
        result = transform(image=image, mask=mask)
        return result["image"], result["mask"]


def augmentation(name: Augmentation) -> Augmenter:
    """The augmentation of that name; `none` leaves every image as it is."""
    return Augmenter(name)


def _transform(name: Augmentation, *, certain: bool) -> Any:
    if name == "none":
        return None
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"  # Its import would ask the network for a newer version.
    import albumentations  # Takes seconds, and few commands need it.

    kind, arguments = AUGMENTATIONS[name]
    return getattr(albumentations, kind)(**arguments | ({"p": 1.0} if certain else {}))
