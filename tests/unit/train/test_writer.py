"""What the background writer promises a training loop."""

import threading

import pytest

from kvjob.errors import Interrupted, StoreError
from kvjob.train.snapshot import Snapshot
from kvjob.train.writer import BackgroundWriter


def snapshot(epoch: int, best: bool) -> Snapshot:
    return Snapshot(epoch=epoch, best=best, iou=0.5, model={}, optimizer={}, state={}, history=())


class SlowCheckpoints:
    """A store that takes as long as the test wants."""

    def __init__(self) -> None:
        self.saved: list[int] = []
        self.go = threading.Semaphore(0)
        self.error: Exception | None = None

    def save(self, taken: Snapshot) -> None:
        self.go.acquire()
        if self.error:
            raise self.error
        self.saved.append(taken.epoch)


def test_a_slow_store_does_not_hold_up_training_and_no_best_epoch_is_lost():
    slow = SlowCheckpoints()
    with BackgroundWriter(slow, lambda _: None) as writer:
        for epoch, best in ((1, True), (2, True), (3, False), (4, False), (5, False)):
            writer.submit(snapshot(epoch, best), None)
        for _ in range(5):
            slow.go.release()
        writer.flush()
    assert slow.saved[-2:] == [2, 5]
    assert slow.saved in ([1, 2, 5], [2, 5])


def test_leaving_saves_what_was_submitted_last_even_after_an_interruption():
    slow = SlowCheckpoints()
    for _ in range(5):
        slow.go.release()
    with pytest.raises(KeyboardInterrupt), BackgroundWriter(slow, lambda _: None) as writer:
        writer.submit(snapshot(1, True), None)
        raise KeyboardInterrupt
    assert slow.saved == [1]


def test_a_failed_write_ends_training_at_the_next_epoch():
    slow = SlowCheckpoints()
    slow.error = StoreError("gone", where="here", fix="Bring it back")
    slow.go.release()
    with pytest.raises(StoreError, match="gone"), BackgroundWriter(slow, lambda _: None) as writer:
        writer.submit(snapshot(1, True), None)
        writer.flush()


def test_an_interruption_does_not_hide_that_saving_failed():
    slow = SlowCheckpoints()
    slow.error = StoreError("gone", where="here", fix="Bring it back")
    slow.go.release()
    with pytest.raises(StoreError, match="gone"), BackgroundWriter(slow, lambda _: None) as writer:
        writer.submit(snapshot(1, True), None)
        raise Interrupted("stopped with its state saved", where="run", fix="Run it again")


def test_the_attempt_is_recorded_with_its_checkpoint():
    slow, recorded = SlowCheckpoints(), []
    slow.go.release()
    with BackgroundWriter(slow, recorded.append) as writer:
        writer.submit(snapshot(1, True), "attempt after epoch 1")
        writer.flush()
    assert recorded == ["attempt after epoch 1"]
