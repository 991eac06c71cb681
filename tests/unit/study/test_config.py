"""What a configuration accepts, refuses and hashes to."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvjob.errors import ConfigurationError, ExitCode
from kvjob.study import TrainConfig, run_key, train_config

CONFIGURATIONS = st.fixed_dictionaries(
    {},
    optional={
        "input_size": st.integers(2, 128).map(lambda n: n * 16),
        "resolution": st.integers(8, 4096),
        "learning_rate": st.floats(1e-6, 1.0),
        "batch_size": st.integers(2, 64),
        "optimizer": st.sampled_from(["adam", "sgd", "rmsprop"]),
        "train_fraction": st.floats(0.01, 1.0),
        "seed": st.integers(0, 2**31 - 1),
    },
)


@given(CONFIGURATIONS)
def test_a_configuration_survives_json_with_its_key(values):
    config = train_config(values, "test")
    again = TrainConfig.model_validate_json(config.model_dump_json())
    assert again == config
    assert run_key(again, "code", "data") == run_key(config, "code", "data")


@given(CONFIGURATIONS, CONFIGURATIONS)
def test_equal_keys_mean_equal_configurations(left, right):
    a, b = train_config(left, "test"), train_config(right, "test")
    assert (run_key(a, "c", "d") == run_key(b, "c", "d")) == (a == b)


def test_the_key_depends_on_code_and_data():
    config = TrainConfig()
    keys = {run_key(config, code, data) for code in "ab" for data in "cd"}
    assert len(keys) == 4
    assert all(len(key) == 12 and int(key, 16) >= 0 for key in keys)


def test_resolution_follows_input_size_unless_given():
    assert TrainConfig(input_size=128).resolution == 128
    assert TrainConfig(input_size=128, resolution=64).resolution == 64
    assert TrainConfig(input_size=128, resolution=128) == TrainConfig(input_size=128)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"learning_rte": 0.1}, ["unknown field 'learning_rte'", "learning_rate"]),
        ({"epochs": "many"}, ["epochs 'many'", "valid integer"]),
        ({"epochs": 2.5}, ["epochs 2.5", "valid integer"]),
        ({"batch_size": 1}, ["batch_size 1", "BatchNorm", "2 to 4096"]),
        ({"input_size": 100}, ["input_size 100", "multiple of 16"]),
        ({"optimizer": "adamw"}, ["optimizer 'adamw'", "'adam', 'sgd' or 'rmsprop'"]),
        ({"learning_rate": math.nan}, ["learning_rate nan"]),
        ({"train_fraction": 0}, ["train_fraction 0", "greater than 0"]),
        ({"deterministic": "yes"}, ["deterministic 'yes'", "boolean"]),
        ({"encoder": "x" * 200}, ["encoder 'xxx", "…", "100 characters"]),
    ],
)
def test_a_refusal_names_field_value_and_what_is_allowed(values, said):
    with pytest.raises(ConfigurationError) as refusal:
        train_config(values, "level 'x'")
    assert refusal.value.exit_code == ExitCode.CONFIGURATION == 78
    message = str(refusal.value)
    assert message.startswith("level 'x': ")
    for words in said:
        assert words in message


def test_several_mistakes_are_told_at_once():
    with pytest.raises(ConfigurationError) as refusal:
        train_config({"epochs": 0, "lr": 1}, "base")
    assert "epochs 0" in str(refusal.value)
    assert "'lr'" in str(refusal.value)


def test_every_field_says_what_it_means():
    assert all(field.description for field in TrainConfig.model_fields.values())
