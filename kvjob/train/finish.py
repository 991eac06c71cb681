"""The end of a run: the best epoch's weights are scored once, and the result is written last."""

import csv
import io

import numpy as np
from torch import Tensor

from kvjob.data import Split
from kvjob.model import summarise
from kvjob.records import layout
from kvjob.records.document import write_document
from kvjob.records.run import History, PhaseScores, Result
from kvjob.store import Store
from kvjob.study.plan import PlannedRun
from kvjob.study.scores import COUNTS
from kvjob.train.checkpoint import Checkpoints
from kvjob.train.loop import Fit
from kvjob.train.samples import choose, write_samples
from kvjob.train.setup import Workbench
from kvjob.train.snapshot import MODEL, load_model


def finish(store: Store, run: PlannedRun, bench: Workbench, checkpoints: Checkpoints, ended: Fit) -> Result:
    """Score the best epoch on the test set, write what the report needs, then the result.

    Raises:
        BestLost: the best epoch's checkpoint is damaged; the next attempt trains it again.
    """
    summary = summarise(bench.learner.network, run.config)
    write_document(store, layout.run(run.key, "model.json"), summary)
    write_document(store, layout.run(run.key, "history.json"), History(rows=ended.history))
    best = bench.learner.stopping.best_epoch
    test = _score_best(store, run, bench, checkpoints, best) if best else None
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
    write_document(store, layout.run(run.key, "result.json"), result)
    checkpoints.tidy(best)
    return result


def _score_best(
    store: Store, run: PlannedRun, bench: Workbench, checkpoints: Checkpoints, epoch: int
) -> PhaseScores:
    network = bench.learner.network
    # read back rather than kept in memory: what is scored is what the store holds
    load_model(network, checkpoints.best(epoch).files[MODEL])
    scores, counts = bench.passes.score(network, bench.split.test)
    names = [bench.manifest.names[index] for index in bench.split.test]
    store.write(layout.run(run.key, "scores.csv"), _csv(names, counts))
    areas = np.array([bench.manifest.mask_shares[index] for index in bench.split.test])
    shown = {
        names[position]: bench.images.stored(int(bench.split.test[position]))
        for position in choose(names, areas)
    }
    write_samples(store, run.key, run.config, network, bench.passes, shown)
    return scores


def _csv(names: list[str], counts: Tensor) -> bytes:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("image", *COUNTS))
    table.writerows((name, *row) for name, row in zip(names, counts.tolist(), strict=True))
    return text.getvalue().encode()


def _counts(split: Split) -> dict[str, int]:
    return {"train": len(split.train), "validation": len(split.validation), "test": len(split.test)}
