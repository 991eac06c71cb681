"""From names and YAML files to studies."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kvjob.errors import ConfigurationError
from kvjob.experiments import CATALOGUE, STUDIES, load_study, parse_study
from kvjob.study import plan

OWN = """
name: learning-rate
title: How fast to learn
preset: cpu
seeds: 3
base: {encoder: resnet18}
experiments:
  - optimizer
  - name: learning_rate
    levels: [0.01, 0.001, 0.0001]
  - name: schedule
    factor: lr_patience
    levels:
      - {name: slow, label: Slow, changes: {lr_patience: 9}}
"""


def test_a_study_from_a_file(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(OWN)
    study = load_study(str(path))
    assert (study.name, study.preset, study.seeds) == ("learning-rate", "cpu", 3)
    assert study.experiments[0] == CATALOGUE["optimizer"]
    assert [level.name for level in study.experiments[1].levels] == ["0.01", "0.001", "0.0001"]
    assert len(plan(study, "d", "c").runs) == 3 * (3 + 2 + 1)


def test_the_command_line_wins_over_the_file(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(OWN)
    study = load_study(str(path), preset="smoke", seeds=1, only=["optimizer"], base={"epochs": 1})
    assert (study.preset, study.seeds) == ("smoke", 1)
    assert study.base == {"encoder": "resnet18", "epochs": 1}
    assert [item.name for item in study.experiments] == ["optimizer"]


@pytest.mark.parametrize("name", STUDIES)
def test_a_built_in_study_can_be_written_to_a_file_and_read_back(name, tmp_path):
    path = tmp_path / "copy.yaml"
    path.write_text(yaml.safe_dump(STUDIES[name].model_dump(mode="json")))
    assert load_study(str(path)) == load_study(name)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "a study is a mapping, not list"),
        ("name: [", "not YAML"),
        ("name: x", "experiments: missing"),
        ("name: X Y\nexperiments: [optimizer]", "name 'X Y'"),
        ("name: x\nexperiments: [optimiser]", "unknown experiment 'optimiser'"),
        ("name: x\nexperiments: []", "experiments []"),
        ("name: x\nexperiments: [optimizer, optimizer]", "named twice"),
        ("name: x\nexperiment: [optimizer]", "unknown field 'experiment'"),
        ("name: x\npreset: huge\nexperiments: [optimizer]", "unknown preset 'huge'"),
        ("name: x\nseeds: 0\nexperiments: [optimizer]", "seeds 0"),
        ("name: x\nexperiments: [{name: lr, levels: [1]}]", "unknown field 'lr'"),
        ("name: x\nexperiments: [{name: e, factor: epochs, levels: [1, 1]}]", "named twice"),
        ("name: ../x\nexperiments: [optimizer]", "name '../x'"),
        ("name: x\nexperiments: !!python/object/apply:os.system [id]", "not YAML"),
    ],
)
def test_a_refused_file_is_named_with_its_mistake(text, said, tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as refusal:
        load_study(str(path))
    assert said in str(refusal.value)


def test_an_unknown_study_lists_those_there_are(tmp_path):
    with pytest.raises(ConfigurationError, match="unknown study 'papre'.*paper, all-experiments"):
        load_study("papre")
    with pytest.raises(ConfigurationError, match="No such file"):
        load_study(str(tmp_path / "none.yaml"))
    with pytest.raises(ConfigurationError, match="no experiment 'encoder'"):
        load_study("paper", only=["encoder"])


def test_an_experiment_is_a_study_of_its_own():
    study = load_study("optimizer", seeds=2)
    assert (study.name, study.experiments) == ("optimizer", (CATALOGUE["optimizer"],))
    assert load_study("data_size") == load_study("data-size")


def test_a_study_can_be_given_whole_as_text():
    study = load_study(OWN, rename="other")
    assert (study.name, study.preset, len(study.experiments)) == ("other", "cpu", 3)
    assert load_study('{"name": "one", "experiments": ["optimizer"]}').name == "one"
    with pytest.raises(ConfigurationError, match="study: not YAML"):
        load_study("name: [")
    with pytest.raises(ConfigurationError, match="name 'No Name'"):
        load_study("paper", rename="No Name")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.dictionaries(st.sampled_from(["name", "preset", "base", "seeds", "experiments", "x"]), VALUES)


@given(VALUES | FIELDS | FIELDS.map(lambda fields: {"name": "x", "experiments": ["optimizer"], **fields}))
def test_whatever_is_given_is_a_study_or_refused(values):
    try:
        plan(parse_study(values, "fuzz"), "d", "c")
    except ConfigurationError as refusal:
        assert str(refusal)
