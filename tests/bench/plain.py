"""A plain loop, as one writes it first: decode every epoch, float32, `.item()` per step, blocking save."""

import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from segmentation_models_pytorch import DeepLabV3Plus
from torch.utils.data import DataLoader, Dataset

from tests.bench.cases import BATCH, WARM_UP, Case

MEAN, STD = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])


class Folder(Dataset):
    def __init__(self, folder: Path, names: list[str], side: int) -> None:
        self.folder, self.names, self.side = folder, names, side

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        name = self.names[index]
        image = cv2.cvtColor(cv2.imread(str(self.folder / f"images/{name}.jpg")), cv2.COLOR_BGR2RGB)
        mask = cv2.imread(str(self.folder / f"masks/{name}.png"), cv2.IMREAD_GRAYSCALE)
        image = (cv2.resize(image, (self.side, self.side)).astype(np.float32) / 255 - MEAN) / STD
        mask = (cv2.resize(mask, (self.side, self.side)) > 127).astype(np.float32)
        return torch.from_numpy(image.transpose(2, 0, 1).copy()), torch.from_numpy(mask)[None]


def plain(case: Case, _precision: str, threads: int, data: Path) -> float:
    """Images per second, the save at the end of each epoch included."""
    torch.set_num_threads(threads)
    names = sorted(path.stem for path in (data / "images").iterdir())[: case.images]
    loaders = [
        DataLoader(Folder(data, part, case.side), batch_size=BATCH, shuffle=True, num_workers=2)
        for part in (names[:WARM_UP], names)
    ]
    network = DeepLabV3Plus(encoder_name=case.encoder, encoder_weights=None, classes=1).train()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    criterion = torch.nn.BCEWithLogitsLoss()

    def epoch(loader: DataLoader, folder: str) -> None:
        losses, ious = [], []
        for images, masks in loader:
            optimizer.zero_grad()
            logits = network(images)
            loss = criterion(logits, masks)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            predicted = (logits.sigmoid() > 0.5).float()
            overlap = (predicted * masks).sum().item()
            ious.append(overlap / max((predicted + masks).sum().item() - overlap, 1))
        state = {"model": network.state_dict(), "optimizer": optimizer.state_dict()}
        torch.save(state, Path(folder) / "checkpoint.pt")

    with tempfile.TemporaryDirectory() as folder:
        epoch(loaders[0], folder)
        begin = time.perf_counter()
        epoch(loaders[1], folder)
        return case.images / (time.perf_counter() - begin)
