"""Two trainers of one run: the later one has it; the earlier changes nothing more, whenever it wakes."""

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kvjob.errors import StoreError, Superseded
from kvjob.records import layout
from kvjob.store import Store, open_store
from kvjob.train.fence import FENCED, Fence
from tests.unit.train.taking_turns import KEY, Memory, Trainer, check_end, look

turns = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 60)), max_size=12)
"""Who takes how many steps."""
last = st.permutations([0, 1, 2])
"""Who then runs to its end before whom."""


def play(store: Store, turns: list[tuple[int, int]], last: list[int]) -> None:
    trainers = [Trainer(store) for _ in range(3)]

    def step(who: int) -> bool:
        before = [len(trainer.commits) for trainer in trainers]
        if not trainers[who].step():
            return False
        owner = max((trainer.number for trainer in trainers if trainer.in_charge), default=0)
        for trainer, commits in zip(trainers, before, strict=True):
            if trainer.number < owner:
                assert len(trainer.commits) == commits, "an earlier attempt wrote after a later one took over"
        if before[who] != len(trainers[who].commits):
            look(store)
        return True

    for who, steps in turns:
        for _ in range(steps):
            step(who)
        look(store)
    for who in last:
        while step(who):
            pass
    owner = max(trainers, key=lambda trainer: trainer.number)
    assert sorted(trainer.number for trainer in trainers) == [1, 2, 3]
    assert owner.outcome == "finished", owner.outcome
    assert {trainer.outcome for trainer in trainers} <= {"finished", "superseded"}
    check_end(store, owner.number)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(turns=turns, last=last)
def test_however_three_trainers_take_turns_the_run_is_always_whole_and_the_last_one_finishes_it(turns, last):
    play(Memory(), turns, last)


@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(turns=turns, last=last)
def test_so_it_is_in_a_directory(tmp_path_factory, turns, last):
    play(open_store(str(tmp_path_factory.mktemp("store"))), turns, last)


def test_at_whichever_step_a_trainer_falls_asleep_it_writes_nothing_when_it_wakes_after_a_takeover():
    asleep_at = 0
    while True:
        store = Memory()
        sleeper = Trainer(store)
        if not all(sleeper.step() for _ in range(asleep_at)):
            break
        successor = Trainer(store)
        while successor.step():
            look(store)
        before = {key: data for key, data in store.objects.items() if "/attempts/" not in key}
        while sleeper.step():
            look(store)
        after = {key: data for key, data in store.objects.items() if "/attempts/" not in key}
        if sleeper.number > 1:  # it slept before it was an attempt at all, and found a result
            assert sleeper.outcome == "finished"
        else:
            changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
            # at most what it was about to write when it fell asleep: a file of a checkpoint nobody refers to
            assert all("/checkpoints/" in key and key not in before for key in changed), changed
            assert len(changed) <= 1, changed
        check_end(store, 2)
        asleep_at += 1
    assert asleep_at > 60


def test_trainers_that_begin_at_once_become_attempts_of_their_own():
    store = Memory()
    trainers = [Trainer(store) for _ in range(3)]
    while sum(trainer.step() for trainer in trainers):
        look(store)
    assert sorted(trainer.number for trainer in trainers) == [1, 2, 3]
    assert [trainer.outcome for trainer in trainers].count("finished") == 1


def test_what_it_writes_comes_in_order_and_is_refused_once_there_is_a_later_attempt():
    store = Memory()
    fence = Fence(store, KEY, 1)
    fence.commit({"best.json": b"1", "latest.json": b"1"})
    assert store.create(layout.attempt(KEY, 2), b"{}")
    with pytest.raises(
        Superseded, match="attempt 2 has taken the run over from this one, attempt 1"
    ) as caught:
        fence.commit({"latest.json": b"2"})
    assert caught.value.exit_code == 75
    assert store.read(layout.run(KEY, "latest.json")) == b"1"
    assert not store.waiting
    for earlier, later in pairwise(["best.json", "latest.json", "history.json"]):
        assert FENCED.index(earlier) < FENCED.index(later)


class Sweeping(Memory):
    """A store from which fresh uploads disappear."""

    def prepare(self, key, data):
        prepared = super().prepare(key, data)
        self.waiting.clear()
        return prepared


def test_a_store_that_loses_what_was_prepared_is_told_and_not_called_superseded():
    with pytest.raises(StoreError, match="disappears"):
        Fence(Sweeping(), KEY, 1).commit({"latest.json": b"1"})
