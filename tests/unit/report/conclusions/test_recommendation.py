import shlex

import pytest
import yaml

from kvjob.cli.options import base_fields
from kvjob.experiments import parse_study
from kvjob.report.conclusions import conclude, next_study, options
from kvjob.report.conclusions.facts import experiment_facts
from kvjob.report.conclusions.recommend import choose
from kvjob.report.published import load_published
from kvjob.report.read import read_data
from kvjob.report.summary import summarise
from kvjob.study import Experiment, plan
from tests.unit.report.conclusions.cases import BETTER, base, experiment, level
from tests.unit.report.example import CODE, DATASET, NOW, MemoryStore, finish, make_study


def choice(*levels):
    chosen, reason = choose(experiment_facts(experiment(*levels), None, []))
    return chosen.level if chosen else None, reason


def test_the_better_level_is_taken_at_any_price():
    assert choice(base(), level("sgd", (1.8, 1, 3)), level("rmsprop", BETTER, hours=9.0)) == (
        "rmsprop",
        "better",
    )


@pytest.mark.parametrize(
    ("gain", "hours", "taken"),
    [
        ((-0.2, -0.8, 0.4), 0.20, ("sgd", "cheaper")),
        ((-0.2, -1.2, 0.8), 0.20, (None, "baseline")),
        ((-0.2, -0.8, 0.4), 0.28, (None, "baseline")),
        ((-0.5, -0.9, -0.1), 0.20, (None, "baseline")),
        ((-0.2, -0.8, 0.4), None, (None, "baseline")),
    ],
    ids=["cheaper and as good", "may lose a point", "hardly cheaper", "shown to be worse", "price not known"],
)
def test_a_cheaper_level_must_be_shown_to_be_as_good(gain, hours, taken):
    assert choice(base(hours=0.30), level("sgd", gain, hours=hours)) == taken


def test_of_cheaper_levels_the_cheapest_is_taken():
    alike = (-0.2, -0.8, 0.4)
    assert choice(base(), level("sgd", alike, hours=0.2), level("rmsprop", alike, hours=0.1))[0] == "rmsprop"


def test_a_level_of_which_a_seed_diverged_is_not_taken():
    assert choice(base(), level("rmsprop", BETTER, finished=2, gone="diverged")) == (None, "diverges")


def concluded(store: MemoryStore):
    data, values = read_data(store, "paper", NOW), load_published()
    return data, conclude(data, summarise(data, values), values, "official counts")


def finished(*experiments: str | Experiment, quality: dict[str, float], **changes: object) -> MemoryStore:
    store = MemoryStore()
    for run in make_study(store, *experiments, seeds=3, **changes).runs:
        own = quality.get(run.roles[0].level, 0.0)
        finish(store, run, epochs=2, samples=1, side=16, quality=own)
    return store


def test_the_levels_together_are_a_study_whose_baseline_is_trained_already():
    store = finished("augmentation", "optimizer", quality={"flip": 1.0, "rmsprop": 1.0})
    data, found = concluded(store)
    assert found.recommendation.changes == {"augmentation": "horizontal-flip", "optimizer": "rmsprop"}
    assert "the levels together were not trained" in " ".join(found.advice)
    study = data.plan.study.model_dump(mode="json")
    values = yaml.safe_load(next_study(study, found.recommendation))
    assert values["name"] == "paper-recommended", "the study's own plan stays"
    planned = plan(parse_study(values, "recommended.yaml"), DATASET, CODE)
    known = {run.key for run in data.runs}
    new = [run for run in planned.runs if run.key not in known]
    assert len(planned.runs) == 6
    assert len(new) == 3
    assert {(run.config.augmentation, run.config.optimizer) for run in new} == {
        ("horizontal-flip", "rmsprop")
    }
    assert new[0].config.model_dump(exclude={"seed"}) == found.recommendation.config


def test_its_options_set_the_same_fields():
    changes = {
        "augmentation": "horizontal-flip",
        "encoder_weights": "none",
        "learning_rate": 0.0001,
        "epochs": 7,
    }
    words = shlex.split(options(changes))
    assert words[::2] == ["--set"] * 4
    assert base_fields(words[1::2]) == changes


def test_a_single_change_was_trained_and_needs_no_new_study():
    _, found = concluded(finished("optimizer", quality={"rmsprop": 1.0}))
    assert found.recommendation.changes == {"optimizer": "rmsprop"}
    assert len(found.recommendation.trained) == 3
    assert not found.recommendation.untested
    assert found.advice[-1] == "Exactly this was trained, with 3 seeds."


def test_without_a_better_level_the_baseline_stays():
    _, found = concluded(finished("optimizer", quality={"sgd": -2.0}))
    assert found.recommendation.changes == {}
    assert found.recommendation.config["optimizer"] == "adam"
    assert found.advice == ("Keep the baseline: no level is shown to be better, or cheaper and as good.",)


def test_of_two_choices_for_one_field_the_greater_gain_has_it():
    rates = [
        Experiment.model_validate(
            {
                "name": name,
                "factor": "learning_rate",
                "levels": [{"name": f"{name}-rate", "changes": {"learning_rate": rate}}],
            }
        )
        for name, rate in (("slow", 0.00001), ("fast", 0.001))
    ]
    _, found = concluded(finished(*rates, quality={"slow-rate": 0.7, "fast-rate": 1.5}))
    assert found.recommendation.changes == {"learning_rate": 0.001}
    assert [each.reason for each in found.recommendation.choices] == ["set aside", "better"]
