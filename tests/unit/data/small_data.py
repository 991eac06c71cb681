"""Small data sets in the official layout, and manifests of any size."""

from pathlib import Path

import cv2
import numpy as np

from kvjob.data import DatasetManifest


def write_pair(folder: Path, name: str, side: int = 32, marked: int | None = None) -> None:
    """An image of random colour; its mask is white in the first `marked` columns, a quarter unless given."""
    random = np.random.default_rng(sum(name.encode()))
    small = random.integers(0, 255, (4, 5, 3), dtype=np.uint8)
    image = cv2.resize(small, (side + 8, side), interpolation=cv2.INTER_CUBIC)
    mask = np.zeros((side, side + 8, 3), np.uint8)
    mask[:, : side // 4 if marked is None else marked] = 255
    (folder / "images").mkdir(exist_ok=True, parents=True)
    (folder / "masks").mkdir(exist_ok=True)
    cv2.imwrite(str(folder / "images" / f"{name}.jpg"), image)
    cv2.imwrite(str(folder / "masks" / f"{name}.png"), mask)


def write_dataset(folder: Path, train: int = 6, test: int = 3, side: int = 32) -> Path:
    names = {"train": [f"a{i:03}" for i in range(train)], "test": [f"b{i:03}" for i in range(test)]}
    for split, listed in names.items():
        for index, name in enumerate(listed):
            write_pair(folder, name, side, 1 + index % (side // 2))
        (folder / f"{split}.txt").write_text("".join(f"{name}\n" for name in listed))
    return folder


def manifest_of(shares: list[float], train: int) -> DatasetManifest:
    """A manifest without packs: mask share of each image; the first `train` are for training."""
    return DatasetManifest(
        dataset="0" * 12,
        names=tuple(f"n{index:04}" for index in range(len(shares))),
        train=tuple(range(train)),
        test=tuple(range(train, len(shares))),
        native_sizes=((40, 32),) * len(shares),
        mask_shares=tuple(shares),
        files={},
    )
