"""Which checkpoints a run still needs: one rule for the trainer and for what cleans up after it.

Before a run has a result it needs its newest checkpoints, so that it can fall back from a damaged one, and
the best epoch of each, which its manifest names: a checkpoint without its best is worth nothing.
"""

from collections.abc import Iterable, Mapping

from kvjob.records.checkpoint import CheckpointPointer

KEEP = 2
"""Newest checkpoints that stay while a run is not over, beside the best of each."""


def newest(folders: Mapping[str, int], epoch: int) -> list[str]:
    """Folders of the newest checkpoints that a run could go on from.

    Args:
        folders: of the run's whole checkpoints, with their epochs; two attempts may have left one each.
        epoch: of the checkpoint that `latest.json` names; what is newer, nothing refers to yet.
    """
    epochs = sorted({each for each in folders.values() if each <= epoch})[-KEEP:]
    return [folder for folder, each in folders.items() if each in epochs]


def after_result(
    folders: Iterable[str], best_epoch: int, pointer: CheckpointPointer | None
) -> list[str] | None:
    """Those of the folders that a run with a result no longer needs: all but the best epoch's.

    Args:
        folders: of the run's checkpoints.
        best_epoch: of its result; 0 if it diverged before an epoch was complete.
        pointer: `best.json`.

    Returns:
        None if the pointer does not name the best epoch: then nothing may go.
    """
    if best_epoch and (pointer is None or pointer.epoch != best_epoch):
        return None
    kept = pointer.folder if pointer else None
    return [folder for folder in folders if folder != kept]
