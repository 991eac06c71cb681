"""Early stopping as a rule over validation IoUs."""

from hypothesis import given
from hypothesis import strategies as st

from kvjob.train.stopping import EarlyStopping


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.integers(1, 10))
def test_training_stops_patience_epochs_after_the_first_best(ious, patience):
    stopping = EarlyStopping(patience)
    for epoch, iou in enumerate(ious, 1):
        better = stopping.better(epoch, iou)
        seen = ious[:epoch]
        assert better == (iou > max(ious[: epoch - 1], default=-1.0))
        assert (stopping.best_iou, stopping.best_epoch) == (max(seen), seen.index(max(seen)) + 1)
        assert stopping.over(epoch) == (epoch - stopping.best_epoch >= patience)
