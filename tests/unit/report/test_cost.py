import pytest

from kvjob.report.cost import cost
from kvjob.report.read import read_data
from tests.unit.report.example import NOW, MemoryStore, finish, make_study, start, write_attempt

MINUTE = 1 / 60


def test_an_undisturbed_run_wastes_nothing(store: MemoryStore):
    plan = make_study(store, "optimizer")
    finish(store, plan.runs[0], epochs=4)
    found = cost(read_data(store, "paper", NOW).runs)
    assert found.hours == pytest.approx(2.1 * MINUTE)
    assert (found.wasted_hours, found.attempts, found.unit) == (0, 1, "GPU-hours")


def test_what_a_lost_attempt_did_after_its_last_checkpoint_is_wasted(store: MemoryStore):
    plan = make_study(store, "optimizer")
    finish(store, plan.runs[0], epochs=4)
    write_attempt(store, plan.runs[0], 1, epochs=range(1, 4), cause="lost")
    write_attempt(store, plan.runs[0], 2, epochs=range(3, 5), cause="finished", resumed_from=2)
    found = cost(read_data(store, "paper", NOW).runs)
    assert found.attempts == 2
    assert found.wasted_hours == pytest.approx((6 + 30) / 3600), "the start and epoch 3, done again"


def test_a_failed_run_wastes_what_no_epoch_came_out_of(store: MemoryStore):
    plan = make_study(store, "optimizer")
    start(store, plan.runs[0], epochs=2, cause="data", message="damaged")
    assert cost(read_data(store, "paper", NOW).runs).wasted_hours == pytest.approx(6 / 3600)


def test_runs_that_never_started_have_no_device(store: MemoryStore):
    make_study(store, "optimizer")
    found = cost(read_data(store, "paper", NOW).runs)
    assert (found.hours, found.device_kind, found.unit) == (0, None, "device-hours")
