"""Which epoch is best, and when to stop."""

from dataclasses import dataclass


@dataclass(slots=True)
class EarlyStopping:
    """Keeps the best validation IoU and counts the epochs since."""

    patience: int
    best_iou: float = -1.0
    """Mean over images, 0 to 1; -1 before the first epoch."""
    best_epoch: int = 0

    def better(self, epoch: int, iou: float) -> bool:
        """Note an epoch's validation IoU; whether it is the best so far (a tie is not)."""
        if iou <= self.best_iou:
            return False
        self.best_iou, self.best_epoch = iou, epoch
        return True

    def over(self, epoch: int) -> bool:
        """Whether training should stop after this epoch."""
        return epoch - self.best_epoch >= self.patience
