"""How long it will take: of a run at the most, of a study about."""

import heapq
from statistics import mean

from kvjob.local.board import Board
from kvjob.local.row import Row
from kvjob.study import TrainConfig


def run_seconds_left(row: Row, now: float) -> float | None:
    """Seconds until a training run has trained all its epochs; early stopping may end it sooner."""
    return None if row.state != "running" else _training_left(row, row.epochs, now)


def may_stop_early(row: Row) -> bool:
    """Whether early stopping would end the run before its last epoch if validation IoU rose no more."""
    return row.best_epoch + row.run.config.early_stop_patience < row.epochs


def study_seconds_left(board: Board) -> float | None:
    """Seconds until every run is over, None before anything was measured.

    Waiting runs are taken to cost what the measured ones do per pixel trained on (of the same encoder
    where one was measured), and every run to stop as early as those that are done did on average.
    """
    pace = _Pace(board.rows)
    if not pace.known:
        return None
    free = [0.0] * board.jobs
    for row in board.rows:
        if row.state == "running":
            heapq.heapreplace(free, pace.running(row, board.now))
    for row in board.rows:
        if row.state in ("waiting", "retry"):
            heapq.heapreplace(free, free[0] + pace.waiting(row))
    return max(free)


class _Pace:
    """What the runs so far tell about those to come."""

    def __init__(self, rows: tuple[Row, ...]) -> None:
        measured = [(row.run.config, row.epoch_seconds) for row in rows if row.epoch_seconds]
        self._costs = [(config, seconds / _pixels(config)) for config, seconds in measured]
        ended = [row for row in rows if row.state == "done" and row.attempts]
        self._share = mean(row.epoch / row.epochs for row in ended) if ended else 1.0
        around = [_around(row) for row in ended or rows if row.epoch_seconds]
        self._around = mean(around) if around else 0.0

    @property
    def known(self) -> bool:
        return bool(self._costs)

    def running(self, row: Row, now: float) -> float:
        epochs = max(row.epoch + 1, round(self._share * row.epochs))
        left = _training_left(row, epochs, now)
        return self.waiting(row) if left is None else left

    def waiting(self, row: Row) -> float:
        config = row.run.config
        alike = [cost for measured, cost in self._costs if measured.encoder == config.encoder]
        cost = mean(alike or [cost for _, cost in self._costs])
        epochs = max(0.0, self._share * row.epochs - row.epoch)
        return self._around + epochs * cost * _pixels(config)


def _pixels(config: TrainConfig) -> float:
    return config.input_size**2 * config.train_fraction


def _around(row: Row) -> float:
    # Seconds of the last attempt that were not epochs: imports and loading, and at the end test and saving.
    until = row.epoch_began if row.state == "running" else row.ended
    if row.began is None or until is None or row.epoch_seconds is None:
        return 0.0
    return max(0.0, until - row.began - (row.epoch - row.resumed_from) * row.epoch_seconds)


def _training_left(row: Row, epochs: int, now: float) -> float | None:
    spent = 0.0 if row.epoch_began is None else now - row.epoch_began
    per_epoch = row.epoch_seconds
    if per_epoch is None:
        if row.step < 1 or spent <= 0:
            return None
        per_epoch = spent * row.steps / row.step
    if row.phase in ("testing", "saving") or row.epoch >= row.epochs:
        return 0.0
    return max(0.0, (epochs - row.epoch) * per_epoch - min(spent, per_epoch))
