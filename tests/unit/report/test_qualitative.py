"""Best, median and worst images, and those on which levels disagree: chosen by rule, shown as scored."""

import re

import numpy as np
import pytest
from matplotlib.text import Text

from kvjob.records import layout
from kvjob.records.predictions import NAME, encode_predictions
from kvjob.report import build_report
from kvjob.report.figures import draw, plan_figures
from kvjob.report.figures.cases import MOST_LEVELS, disputed, gallery, typical
from kvjob.report.figures.overlay import MISSED, RIGHT, TOO_MUCH
from kvjob.report.published import load_published
from kvjob.report.read import read_data
from kvjob.report.summary import summarise
from kvjob.study import Experiment, Plan
from tests.unit.report.example import NOW, MemoryStore, finish, make_study
from tests.unit.report.scenes import NAMES, SIDE, found, pack, predict

ADAM = {"ant": 9, "bee": 3, "cat": 6, "dog": 9, "elk": 5}
SGD = {"ant": 2, "bee": 2, "cat": 7, "dog": 8, "elk": 5}
RMSPROP = {"ant": 9, "bee": 10, "cat": 8, "dog": 9, "elk": 13}


@pytest.fixture
def plan(store: MemoryStore) -> Plan:
    planned = make_study(store, "optimizer", seeds=2, base={"resolution": SIDE, "input_size": SIDE})
    pack(store)
    return planned


def train(store: MemoryStore, plan: Plan, seed: int = 0) -> None:
    runs = [run for run in plan.runs if run.config.seed == seed]
    for run, rows in zip(runs, (ADAM, SGD, RMSPROP), strict=True):
        predict(store, run, rows)


def figure(store: MemoryStore, kind: str):
    data = read_data(store, "paper", NOW)
    planned = plan_figures(data, summarise(data, load_published()))
    return draw(data, next(item for item in planned if item.kind == kind))


def shown(store: MemoryStore):
    data = read_data(store, "paper", NOW)
    return gallery(data, data.plan.study.experiments[0])


def texts(drawn) -> list[str]:
    return [text.get_text() for text in drawn.figure.findobj(Text) if text.get_text()]


def test_best_median_and_worst_go_by_iou_and_then_by_name(store: MemoryStore, plan: Plan):
    train(store, plan)
    adam, sgd, rmsprop = shown(store).levels
    assert typical(adam) == ["dog", "cat", "bee"]
    assert typical(sgd) == ["dog", "elk", "ant"]
    assert typical(rmsprop) == ["bee", "ant", "elk"], "elk found ten rows and three too many: 10 / 13"


def test_of_two_in_the_middle_the_lower_is_the_median(store: MemoryStore, plan: Plan):
    predict(store, plan.runs[0], {"ant": 1, "bee": 5, "cat": 6, "dog": 9})
    (level,) = shown(store).levels
    assert typical(level)[1] == "bee"


def test_levels_disagree_where_highest_and_lowest_iou_are_farthest_apart(store: MemoryStore, plan: Plan):
    train(store, plan)
    assert disputed(shown(store).levels) == ["bee", "ant", "elk"]


def test_the_first_finished_seed_with_predictions_stands_for_a_level(store: MemoryStore, plan: Plan):
    first, second = (run for run in plan.runs if run.roles[0].level == plan.runs[0].roles[0].level)
    finish(store, first, epochs=2, samples=1, side=16)
    predict(store, second, ADAM)
    (level,) = shown(store).levels
    assert level.run.seed == second.config.seed == 1
    assert "seed 1, mean IoU 0.640" in texts(figure(store, "extremes"))


def test_each_level_is_shown_with_its_images_and_their_iou(store: MemoryStore, plan: Plan):
    train(store, plan)
    drawn = figure(store, "extremes")
    said = texts(drawn)
    assert [said.count(word) for word in ("best", "median", "worst", "Prediction")] == [3] * 4
    assert {"IoU 0.90", "IoU 0.60", "IoU 0.30", "IoU 0.77"} <= set(said)
    assert "Adam (baseline): dog 0.90, cat 0.60, bee 0.30" in drawn.alt
    assert "the highest, the median and the lowest IoU" in drawn.caption
    assert sum(len(axes.images) for axes in drawn.figure.axes) == 3 * 3 * 4


def test_the_overlay_is_of_the_prediction_that_was_scored(store: MemoryStore, plan: Plan):
    train(store, plan)
    views = shown(store)
    case = views.case(views.levels[2], "elk")
    assert case.iou == pytest.approx(10 / 13)
    assert (case.prediction[:13] == 255).all()
    tints = [case.overlay[row].astype(float).mean(axis=0) for row in (0, 12, 19)]
    right, too_much, wall = tints
    assert nearest(right) == RIGHT
    assert nearest(too_much) == TOO_MUCH
    assert np.ptp(wall) == 0, "grey where nothing is and nothing was seen"
    missed = views.case(views.levels[0], "bee").overlay[5].mean(axis=0)
    assert nearest(missed) == MISSED


def nearest(colour) -> str:
    def distance(other: str) -> float:
        return float(np.abs(colour - [int(other[i : i + 2], 16) for i in (1, 3, 5)]).sum())

    return min((RIGHT, TOO_MUCH, MISSED), key=distance)


def test_the_rule_and_the_seed_are_said_under_the_disputed_images(store: MemoryStore, plan: Plan):
    train(store, plan)
    drawn = figure(store, "disputed")
    assert "highest minus lowest IoU" in drawn.caption
    assert "seed 0." in drawn.caption
    assert "bee: Adam (baseline) 0.30, SGD with momentum 0.20, RMSprop 1.00" in drawn.alt


def test_one_level_disagrees_with_nobody(store: MemoryStore, plan: Plan):
    predict(store, plan.runs[0], ADAM)
    assert figure(store, "extremes") is not None
    assert figure(store, "disputed") is None


def test_runs_that_kept_no_predictions_are_not_drawn_and_the_page_says_so(
    store: MemoryStore, plan: Plan, tmp_path
):
    for run in plan.runs:
        finish(store, run, epochs=2, samples=1, side=16)
    assert figure(store, "extremes") is None
    page = build_report(store, "paper", tmp_path / "report", now=NOW).read_text()
    notes = re.findall(r'<p class="note">(Not drawn.*?)</p>', page, re.DOTALL)
    assert len(notes) == 1
    assert "which earlier versions of kvjob did not keep: Figure 16, Figure 17." in notes[0]


def test_without_the_data_set_there_are_no_images_to_show(store: MemoryStore, plan: Plan):
    train(store, plan)
    store.delete(layout.dataset("d" * 12, f"images-{SIDE}.npy"))
    assert figure(store, "extremes") is None
    assert figure(store, "disputed") is None


@pytest.mark.parametrize("damage", [b"", b"\x89PNG", encode_predictions(found({"ant": 3}))])
def test_damaged_predictions_are_as_good_as_none(store: MemoryStore, plan: Plan, damage: bytes):
    train(store, plan)
    store.write(layout.run(plan.runs[0].key, NAME), damage)
    assert len(shown(store).levels) == 2


def test_predictions_that_are_not_those_scored_are_not_shown_as_if_they_were(store: MemoryStore, plan: Plan):
    train(store, plan)
    other = encode_predictions(found(dict.fromkeys(NAMES, 1)))
    store.write(layout.run(plan.runs[0].key, NAME), other)
    assert texts(figure(store, "extremes")).count("unreadable") == 3 * 4


def test_of_many_levels_the_baseline_and_those_farthest_from_it_are_shown(store: MemoryStore):
    levels = [{"name": f"e{i}", "label": f"Encoder {i}", "changes": {"encoder": f"e{i}"}} for i in range(8)]
    own = Experiment.model_validate({"name": "enc", "factor": "encoder", "levels": levels})
    planned = make_study(store, own, base={"resolution": SIDE, "input_size": SIDE, "encoder": "e3"})
    pack(store)
    for run in planned.runs:
        predict(store, run, dict.fromkeys(NAMES, 1 + int(run.config.encoder[1:])))
    views = shown(store)
    assert len(views.levels) == MOST_LEVELS
    assert [level.look.label.split()[1] for level in views.levels] == ["0", "1", "3", "5", "6", "7"]
    assert (
        "the baseline and the 5 levels whose mean IoU is farthest from it"
        in figure(store, "extremes").caption
    )


def test_another_input_size_is_brought_to_the_baselines(store: MemoryStore):
    own = Experiment.model_validate({"name": "size", "factor": "input_size", "levels": [SIDE, 2 * SIDE]})
    planned = make_study(store, own, base={"resolution": SIDE, "input_size": SIDE})
    pack(store)
    sides = {run.config.input_size: run for run in planned.runs}
    predict(store, sides[SIDE], ADAM)
    predict(store, sides[2 * SIDE], ADAM, side=2 * SIDE)
    views = shown(store)
    case = views.case(views.levels[1], "ant")
    assert case.prediction.shape == case.mask.shape == (SIDE, SIDE)
    assert figure(store, "disputed") is not None


@pytest.mark.usefixtures("one_core")
def test_every_object_is_read_once(store: MemoryStore, plan: Plan, tmp_path):
    train(store, plan)
    store.reads.clear()
    build_report(store, "paper", tmp_path / "report", now=NOW)
    assert {key: times for key, times in store.reads.items() if times > 1 and "datasets/" not in key} == {}
