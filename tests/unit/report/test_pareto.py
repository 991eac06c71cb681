from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.text import Text

from kvjob.report.figures import pareto
from kvjob.report.figures.pareto import draw_pareto, places
from kvjob.report.figures.style import style
from kvjob.report.pareto import AXES, MORE_IS_BETTER, Axis, front
from tests.unit.report.example import MemoryStore, finish, make_study
from tests.unit.report.test_summary import summaries

# few distinct values, so that ties happen
VALUE = st.none() | st.integers(0, 4).map(float)
POINTS = st.lists(st.tuples(VALUE, VALUE), max_size=12)


def dominates(one: tuple[float, float], other: tuple[float, float], axis: Axis) -> bool:
    sign = 1 if axis in MORE_IS_BETTER else -1
    gains = (one[0] - other[0], sign * (one[1] - other[1]))
    return min(gains) >= 0 and max(gains) > 0


@given(POINTS, st.sampled_from(get_args(Axis)))
def test_nothing_on_the_front_is_dominated_and_everything_off_it_is(points, axis):
    on = front([score for score, _ in points], [value for _, value in points], axis)
    known = [None not in point for point in points]
    assert len(on) == len(points)
    for i, point in enumerate(points):
        if not known[i]:
            assert not on[i]
            continue
        beaten = any(dominates(points[j], point, axis) for j in range(len(points)) if known[j])
        assert on[i] == (not beaten)


@given(POINTS, st.sampled_from(get_args(Axis)))
def test_there_is_a_front_wherever_there_is_a_point(points, axis):
    on = front([score for score, _ in points], [value for _, value in points], axis)
    assert on.any() == any(None not in point for point in points)


def test_equal_points_are_on_the_front_together():
    assert front([0.8, 0.8, 0.7], [1, 1, 2], "parameters").tolist() == [True, True, False]


def test_a_single_level_is_its_own_front():
    assert front([0.8], [1], "hours_per_run").tolist() == [True]
    assert front([], [], "hours_per_run").tolist() == []


def test_speed_is_better_the_more_there_is():
    assert front([0.8, 0.7], [100, 200], "images_per_second").tolist() == [True, True]
    assert front([0.8, 0.7], [200, 100], "images_per_second").tolist() == [True, False]


def test_the_front_is_that_of_all_experiments_of_the_study(store: MemoryStore):
    for run in make_study(store, "optimizer", "augmentation").runs:
        quality = 3.0 if run.roles[0].level == "blur" else None
        finish(store, run, epochs=6, samples=1, side=16, quality=quality)
    # all cost the same, so the best of the study is alone on each front
    on = {level.level: level.pareto for each in summaries(store) for level in each.levels if level.pareto}
    assert on == {"blur": AXES}


@pytest.mark.parametrize("axis", AXES)
def test_a_baseline_that_experiments_share_is_on_the_front_in_each(store: MemoryStore, axis: Axis):
    for run in make_study(store, "optimizer", "augmentation").runs:
        base = any(role.baseline for role in run.roles)
        finish(store, run, epochs=6, samples=1, side=16, quality=3.0 if base else -1.0)
    on = [level.baseline for each in summaries(store) for level in each.levels if axis in level.pareto]
    assert on == [True, True]


def trained(store: MemoryStore, *experiments: str) -> None:
    for run in make_study(store, *experiments).runs:
        finish(store, run, epochs=6, samples=1, side=16)


def test_the_figure_names_the_front_and_draws_a_shared_baseline_once(store: MemoryStore):
    trained(store, "optimizer", "activation")
    found = summaries(store)
    levels = places(found, "parameters")
    assert len(levels) == 5
    assert [level.label for level in levels if level.baseline] == ["Baseline"]
    drawing = pareto(found)
    assert drawing.name == "figure-00-pareto"
    best = max(levels, key=lambda level: level.iou)
    assert f"{best.label} (IoU {best.iou:.3f} at " in drawing.alt


def test_equal_studies_have_equal_figures(store: MemoryStore):
    trained(store, "optimizer")
    assert pareto(summaries(store)).svg() == pareto(summaries(store)).svg()


def test_there_is_no_figure_of_a_single_level(store: MemoryStore):
    plan = make_study(store, "optimizer")
    finish(store, plan.runs[0], epochs=6, samples=1, side=16)
    assert pareto(summaries(store)) is None


def test_levels_without_a_value_are_left_out_of_that_panel(store: MemoryStore):
    trained(store, "optimizer")
    for key in [key for key in store.objects if key.endswith("model.json")]:
        store.delete(key)
    found = summaries(store)
    assert places(found, "parameters") == []
    assert "On the front against Parameters (millions): none yet" in pareto(found).alt


def words_of(figure: Figure) -> set[str]:
    return {text.get_text() for text in figure.findobj(Text)}


@pytest.mark.parametrize("column", [False, True])
def test_a_level_far_below_stands_at_the_edge_with_its_name_and_leaves_the_axis_to_the_others(
    store: MemoryStore, *, column: bool
):
    for run in make_study(store, "augmentation", "optimizer").runs:
        bad = run.roles[0].level == "blur"
        finish(store, run, epochs=6, samples=1, side=16, quality=-9.0 if bad else 2.0)
    found = summaries(store)
    scores = sorted(level.iou for level in places(found, "hours_per_run"))
    with style():
        figure = draw_pareto(found, column=column)
    for axes in figure.axes:
        low, high = axes.get_ylim()
        assert scores[0] < low < scores[1] <= scores[-1] < high
    assert f"Gaussian blur {scores[0]:.2f}" in words_of(figure)


def test_an_axis_on_which_all_levels_are_equal_is_not_drawn_but_said(store: MemoryStore):
    for epochs, run in enumerate(make_study(store, "optimizer").runs, 6):
        finish(store, run, epochs=epochs, samples=1, side=16)
    found = summaries(store)
    assert len({level.value for level in places(found, "parameters")}) == 1
    with style():
        assert {"Time", "Size"} & words_of(draw_pareto(found)) == {"Time"}
    assert "The same for all levels, and not drawn: " in pareto(found).caption
