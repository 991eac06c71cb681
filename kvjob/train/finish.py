"""The end of a run: the best epoch's weights are scored once, and the result is written last."""

import csv
import io
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from kvjob.data import Split
from kvjob.errors import Superseded
from kvjob.model import summarise
from kvjob.records import predictions
from kvjob.records.checkpoint import MODEL
from kvjob.records.document import document_bytes
from kvjob.records.run import History, PhaseScores, Result
from kvjob.store import Store
from kvjob.study.plan import PlannedRun
from kvjob.study.scores import COUNTS
from kvjob.train.checkpoint import Checkpoints
from kvjob.train.fence import Fence
from kvjob.train.loop import Fit
from kvjob.train.samples import choose, write_samples
from kvjob.train.setup import Workbench
from kvjob.train.snapshot import load_model


def finish(
    store: Store, run: PlannedRun, bench: Workbench, checkpoints: Checkpoints, ended: Fit, fence: Fence
) -> Result:
    """Score the best epoch on the test set, write what the report needs, then the result.

    Raises:
        BestLost: the best epoch's checkpoint is damaged; the next attempt trains it again.
        Superseded: a later attempt has the run, and writes a result of its own.
    """
    summary = document_bytes(summarise(bench.learner.network, run.config))
    fence.commit({"model.json": summary, "history.json": document_bytes(History(rows=ended.history))})
    best = bench.learner.stopping.best_epoch
    test, files = _score_best(store, run, bench, checkpoints, best) if best else (None, {})
    result = Result(
        key=run.key,
        status="diverged" if ended.stopped == "diverged" else "finished",
        stopped=ended.stopped,
        message=ended.message,
        epochs=len(ended.history),
        best_epoch=best,
        images=_counts(bench.split),
        validation=ended.history[best - 1].validation if best else None,
        test=test,
    )
    fence.commit({**files, "result.json": document_bytes(result)})
    with suppress(
        Superseded
    ):  # by one that found no result just before; it does the tidying when it finds it
        checkpoints.tidy(best)
    return result


def _score_best(
    store: Store, run: PlannedRun, bench: Workbench, checkpoints: Checkpoints, epoch: int
) -> tuple[PhaseScores, dict[str, bytes]]:
    network = bench.learner.network
    # read back rather than kept in memory: what is scored is what the store holds
    load_model(network, checkpoints.best(epoch).files[MODEL])
    masks: list[NDArray[np.bool_]] = []
    scores, counts = bench.passes.score(network, bench.split.test, masks)
    names = [bench.manifest.names[index] for index in bench.split.test]
    areas = np.array([bench.manifest.mask_shares[index] for index in bench.split.test])
    shown = {
        names[position]: bench.images.stored(int(bench.split.test[position]))
        for position in choose(names, areas)
    }
    index = write_samples(store, run.key, run.config, network, bench.passes, shown)
    return scores, {
        "scores.csv": _csv(names, counts),
        predictions.NAME: predictions.encode_predictions(np.concatenate(masks)),
        "samples/index.json": document_bytes(index),
    }


def _csv(names: list[str], counts: Tensor) -> bytes:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("image", *COUNTS))
    table.writerows((name, *row) for name, row in zip(names, counts.tolist(), strict=True))
    return text.getvalue().encode()


def _counts(split: Split) -> dict[str, int]:
    return {"train": len(split.train), "validation": len(split.validation), "test": len(split.test)}
