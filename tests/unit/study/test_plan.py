"""Which runs a study has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvjob.errors import ConfigurationError
from kvjob.experiments import CATALOGUE, load_study, parse_study
from kvjob.study import Experiment, Plan, PlannedRun, Study, code_hash, plan, preset


def runs_of(planned: Plan, experiment: str, seed: int = 0) -> dict[str, PlannedRun]:
    return {
        role.level: run
        for run in planned.runs
        for role in run.roles
        if role.experiment == experiment and run.config.seed == seed
    }


@pytest.mark.parametrize(("name", "runs"), [("paper", 11), ("all-experiments", 22)])
@pytest.mark.parametrize("preset_name", ["full", "cpu", "smoke"])
def test_the_baseline_of_all_experiments_is_one_run(name, runs, preset_name):
    planned = plan(load_study(name, preset=preset_name), "data", "code")
    assert len(planned.runs) == runs
    baselines = [run for run in planned.runs if any(role.baseline for role in run.roles)]
    assert len(baselines) == 1
    assert {role.experiment for role in baselines[0].roles} == {
        item.name for item in planned.study.experiments
    }


@given(st.sets(st.sampled_from(sorted(CATALOGUE)), min_size=1), st.integers(1, 4))
def test_every_level_has_a_run_per_seed_and_moves_only_its_factor(names, seeds):
    planned = plan(parse_study({"name": "s", "seeds": seeds, "experiments": sorted(names)}, "test"), "d", "c")
    assert len({run.key for run in planned.runs}) == len(planned.runs)
    baseline = planned.runs[0].config
    for experiment in planned.study.experiments:
        for seed in range(seeds):
            found = runs_of(planned, experiment.name, seed)
            assert set(found) == {level.name for level in experiment.levels}
            for level in experiment.levels:
                changed = {
                    field
                    for field, value in found[level.name].config.model_dump().items()
                    if value != getattr(baseline, field) and field != "seed"
                }
                # resolution is input_size unless it is moved itself
                assert changed <= {*level.changes, "resolution"}


def test_an_experiment_without_the_base_configuration_gets_it_as_a_level():
    study = parse_study(
        {
            "name": "s",
            "preset": "smoke",
            "experiments": [{"name": "rate", "factor": "learning_rate", "levels": [1e-4]}],
        },
        "test",
    )
    found = runs_of(plan(study, "d", "c"), "rate")
    assert list(found) == ["baseline", "0.0001"]
    assert found["baseline"].config.learning_rate == preset("smoke").base["learning_rate"]


def test_a_plan_survives_json():
    planned = plan(load_study("all-experiments", seeds=2), "d", code_hash())
    assert Plan.model_validate_json(planned.model_dump_json()) == planned


def test_an_unknown_run_is_refused_with_those_there_are():
    planned = plan(load_study("paper", only=["optimizer"]), "d", "c")
    with pytest.raises(ConfigurationError, match="no run 'abc'") as refusal:
        planned.run("abc")
    assert planned.runs[0].key in str(refusal.value)


def test_a_level_that_is_no_configuration_is_named():
    experiment = Experiment.model_validate({"name": "sizes", "factor": "input_size", "levels": [64, 100]})
    with pytest.raises(ConfigurationError, match="experiment 'sizes', level '100': input_size 100"):
        plan(Study(name="s", experiments=(experiment,)), "d", "c")


def test_seed_is_not_part_of_the_base():
    with pytest.raises(ConfigurationError, match="Set 'seeds'"):
        plan(load_study("paper", base={"seed": 3}), "d", "c")
