import statistics

import pytest

from kvjob.records import layout
from kvjob.report.published import load_published
from kvjob.report.read import read_data
from kvjob.report.summary import ExperimentSummary, LevelSummary, summarise
from tests.unit.report.example import NOW, MemoryStore, diverge, finish, make_study


def summaries(store: MemoryStore) -> tuple[ExperimentSummary, ...]:
    return summarise(read_data(store, "paper", NOW), load_published())


def levels(store: MemoryStore) -> dict[str, LevelSummary]:
    return {level.level: level for level in summaries(store)[0].levels}


def test_means_and_deviations_are_over_seeds(store: MemoryStore):
    plan = make_study(store, "optimizer", seeds=3)
    for run in plan.runs:
        finish(store, run, epochs=2, samples=1, side=16)
    data = read_data(store, "paper", NOW)
    own = [run.result.test.mean_over_images.iou for run in data.runs if run.planned.roles[0].level == "adam"]
    found = levels(store)["adam"].mean_over_images["iou"]
    assert found.mean == pytest.approx(statistics.mean(own))
    assert found.std == pytest.approx(statistics.stdev(own))
    assert found.n == 3


def test_a_single_seed_has_no_deviation(store: MemoryStore):
    for run in make_study(store, "optimizer").runs:
        finish(store, run, epochs=2, samples=1, side=16)
    assert levels(store)["adam"].mean_over_images["dice"].std is None


def test_the_verdict_follows_the_difference_on_the_same_images(store: MemoryStore):
    for run in make_study(store, "optimizer").runs:
        finish(store, run, epochs=2, samples=1, side=16)
    found = levels(store)
    assert found["adam"].verdict == "baseline"
    assert found["adam"].difference is None
    assert found["sgd"].verdict == "worse"
    gap = found["sgd"].mean_over_images["iou"].mean - found["adam"].mean_over_images["iou"].mean
    assert found["sgd"].difference.mean == pytest.approx(gap)
    assert found["sgd"].difference.images == 118


def test_runs_without_a_result_keep_their_row_and_say_why(mixed: MemoryStore):
    found = {level.level: level for each in summaries(mixed) for level in each.levels}
    assert found["sgd"].standings == {"diverged": 1, "failed": 1}
    assert found["sgd"].mean_over_images is None
    assert found["sgd"].verdict == "no result"
    assert found["sgd"].notes == (
        "seed 0 diverged: loss not finite in epoch 4",
        "seed 1 failed: attempt 1: defect of kvjob: RuntimeError: <shapes> do not match",
    )
    assert found["brightness"].standings == {"interrupted": 1, "missing": 1}
    assert found["blur"].standings == {"finished": 1, "running": 1}
    assert found["blur"].mean_over_images["iou"].n == 1


def test_seeds_with_the_same_reason_share_a_note(store: MemoryStore):
    make_study(store, "optimizer", seeds=3)
    assert levels(store)["sgd"].notes == ("seeds 0, 1, 2 missing: never started",)


def test_without_a_finished_baseline_nothing_is_compared(store: MemoryStore):
    plan = make_study(store, "optimizer")
    diverge(store, plan.runs[0])
    for run in plan.runs[1:]:
        finish(store, run, epochs=2, samples=1, side=16)
    found = levels(store)
    assert found["adam"].verdict == "no result"
    assert found["sgd"].verdict == "no baseline"
    assert found["sgd"].difference is None


def test_a_handful_of_test_images_is_too_few_to_compare(store: MemoryStore):
    for run in make_study(store, "optimizer", test_images=4).runs:
        finish(store, run, epochs=2, images=4, samples=1, side=16)
    found = levels(store)["sgd"]
    assert (found.verdict, found.difference) == ("too few images", None)
    assert found.notes == ("4 test images in common; at least 10 needed",)


def test_missing_scores_are_said_and_not_guessed(store: MemoryStore):
    plan = make_study(store, "optimizer")
    for run in plan.runs:
        finish(store, run, epochs=2, samples=1, side=16)
    store.delete(layout.run(plan.runs[1].key, "scores.csv"))
    found = levels(store)["sgd"]
    assert (found.verdict, found.difference) == ("no result", None)
    assert "scores.csv is missing" in found.notes[0]


@pytest.mark.parametrize("name", ["history.json", "scores.csv", "result.json", "samples/index.json"])
def test_a_damaged_document_makes_one_run_unreadable(store: MemoryStore, name: str):
    plan = make_study(store, "optimizer")
    for run in plan.runs:
        finish(store, run, epochs=2, samples=1, side=16)
    store.write(layout.run(plan.runs[1].key, name), b"image,tp\nno")
    found = levels(store)
    assert found["sgd"].standings == {"unreadable": 1}
    assert f"runs/{plan.runs[1].key}/{name}" in found["sgd"].notes[0]
    assert found["rmsprop"].standings == {"finished": 1}


def test_a_run_that_diverged_after_scoring_is_shown_but_not_averaged(store: MemoryStore):
    plan = make_study(store, "optimizer")
    for run in plan.runs:
        finish(store, run, epochs=2, samples=1, side=16)
    key = layout.run(plan.runs[1].key, "result.json")
    changed = store.read(key).replace(b'"status": "finished"', b'"status": "diverged"')
    store.write(key, changed)
    found = levels(store)["sgd"]
    assert found.mean_over_images is None
    assert "has test IoU 0." in found.notes[0]


def test_units_follow_bare_values_and_not_labels(store: MemoryStore):
    make_study(store, "resolution", "data_size", base={"resolution": 200, "input_size": 256})
    labels = [[level.label for level in each.levels] for each in summaries(store)]
    assert labels[0] == ["baseline (200)", "64 px", "128 px", "256 px", "512 px"]
    assert labels[1][0] == "10 %"


def test_tables_of_the_papers_experiments_keep_its_numbers(store: MemoryStore):
    make_study(store, "resolution", "augmentation", "optimizer", "activation", "encoder")
    assert [each.table for each in summaries(store)] == [5, 2, 3, 4, 6]


def test_names_of_images_stay_text(store: MemoryStore):
    plan = make_study(store, "optimizer")
    finish(store, plan.runs[0], epochs=2, samples=1, side=16)
    store.write(
        layout.run(plan.runs[0].key, "scores.csv"),
        b'image,tp,fp,fn,tn\n007,1,2,3,4\nNA,1,0,0,9\n"a,b",1,1,1,1\n',
    )
    assert list(read_data(store, "paper", NOW).runs[0].counts.index) == ["007", "NA", "a,b"]
