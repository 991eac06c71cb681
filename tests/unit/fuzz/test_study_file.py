"""Study files, `--set` and the environment: whatever is in them, a message and a code."""

import resource
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.asking import ask
from tests.unit.fuzz.hostile import NAMES, damaged, scalars, values

STUDY = """
name: mine
title: A study
preset: smoke
base: {epochs: 3, optimizer: adam}
seeds: 2
experiments:
  - {name: epochs, levels: [1, 2]}
  - name: rate
    factor: learning_rate
    unit: "1"
    levels: [{name: fast, label: Fast, changes: {learning_rate: 0.1}}]
"""
BOMB = (
    "base: {a0: &a0 [x, x, x, x, x, x, x, x, x]"
    + "".join(f", a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))
    + "}\nname: bomb\nexperiments: [optimizer]\n"
)
TRICKS = (
    BOMB,
    "name: &a [*a]\n",
    "base: &a {b: *a}\nname: x\nexperiments: [optimizer]\n",
    "!!python/object/apply:os.system ['touch /tmp/kvjob-was-here']\n",
    "!!python/name:os.system\n",
    "name: !!binary aGk=\n",
    "name: !!timestamp 2026-99-99\n",
    "name: 2026-99-99\n",
    "seeds: 0x" + "f" * 20_000 + "\nname: x\nexperiments: [optimizer]\n",
    "seeds: " + "9" * 20_000 + "\nname: x\nexperiments: [optimizer]\n",
    "base: {epochs: 0x" + "f" * 20_000 + "}\nname: x\nexperiments: [optimizer]\n",
    "base: {0x" + "f" * 20_000 + ": 1}\nname: x\nexperiments: [optimizer]\n",
    "[" * 100_000,
    "{a: " * 50_000,
    "name: !!bool x\n",
    'name: !!int ""\n',
    "name: !!float x\n",
    "name: !!timestamp x\n",
    "? [a, b]\n: c\n",
    "? {a: b}\n: c\n",
    "<<: [1, 2]\n",
    "<<: *nobody\n",
    "1: 2\n",
    "--- a\n--- b\n",
    'name: "\\ud800"\n',
    "name: \x00\n",
    "\ufeffname: x\n",
    "%TAG ! tag:yaml.org,2002:python/\n---\n!object/apply:os.system [id]\n",
    'base: {"\\e[2J": 1}\nname: x\nexperiments: [optimizer]\n',
    "name: x\nexperiments: [{name: e, factor: [a], levels: [1]}]\n",
    "name: x\nexperiments: [{name: e, factor: {a: b}, levels: [1]}]\n",
    "name: x\nexperiments: [{name: epochs, levels: [[1], {}]}]\n",
    "name: x\nexperiments: [[optimizer]]\n",
    "name: x\npreset: [smoke]\nexperiments: [optimizer]\n",
    "name: x\nbase: [1]\nexperiments: [optimizer]\n",
    "name: x\nbase: {encoder_weights: ../../etc/passwd}\nexperiments: [optimizer]\n",
    "name: x\nbase: {encoder_weights: weights/../../x}\nexperiments: [optimizer]\n",
    'name: x\nbase: {encoder_weights: "a\\0b"}\nexperiments: [optimizer]\n',
    'name: x\nbase: {encoder_weights: "' + "a" * 900 + '"}\nexperiments: [optimizer]\n',
    'name: x\nbase: {encoder_weights: "/tmp"}\nexperiments: [optimizer]\n',
)


def plan(folder: Path, text: str | bytes, *more: str, data: Path) -> None:
    path = folder / "study.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    store = folder / "store"
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    ask("plan", path, "--data", data, "--store", store, *more)
    assert time.monotonic() - began < 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000
    assert not store.exists()
    assert sorted(folder.iterdir()) == [path]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "study").mkdir()
    return tmp_path / "study"


@pytest.mark.parametrize("text", TRICKS, ids=range(len(TRICKS)))
def test_a_trick_in_a_study_file_is_refused_in_one_message(text, folder, tiny_data):
    plan(folder, text, data=tiny_data)
    assert not Path("/tmp/kvjob-was-here").exists()


@settings(settings.get_profile("fuzz"))
@given(text=damaged(STUDY.encode()))
def test_a_damaged_study_file_is_refused_in_one_message(text, folder, tiny_data):
    plan(folder, text, data=tiny_data)


def _replaced(path: tuple[object, ...], value: object) -> str:
    study = yaml.safe_load(STUDY)
    inner = study
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = value
    return yaml.safe_dump(study, allow_unicode=True)


PLACES = (
    ("name",),
    ("title",),
    ("preset",),
    ("base",),
    ("base", "epochs"),
    ("base", "encoder"),
    ("base", "encoder_weights"),
    ("seeds",),
    ("experiments",),
    ("experiments", 0),
    ("experiments", 0, "name"),
    ("experiments", 0, "levels"),
    ("experiments", 1, "factor"),
    ("experiments", 1, "unit"),
    ("experiments", 1, "levels", 0),
    ("experiments", 1, "levels", 0, "name"),
    ("experiments", 1, "levels", 0, "changes"),
    ("experiments", 1, "levels", 0, "changes", "learning_rate"),
)


@settings(settings.get_profile("fuzz"))
@given(path=st.sampled_from(PLACES), value=values)
def test_a_value_of_another_kind_is_refused_in_one_message(path, value, folder, tiny_data):
    plan(folder, _replaced(path, value), data=tiny_data)


SETTINGS = (
    "epochs=1:1:1",
    "epochs=2026-99-99",
    "epochs=" + "[" * 100_000,
    "epochs=0x" + "f" * 20_000,
    "=",
    "=1",
)


@settings(settings.get_profile("fuzz"))
@given(
    option=st.sampled_from(("--set", "--only", "--preset", "--seeds")),
    field=st.sampled_from(("", "epochs=", "encoder=", "=")),
    value=st.one_of(st.sampled_from(NAMES), scalars.map(str), st.sampled_from(SETTINGS)),
)
def test_an_option_takes_anything_and_says_what_is_wrong(option, field, value, folder, tiny_data):
    plan(folder, STUDY, f"{option}={field}{value}", data=tiny_data)


@pytest.mark.parametrize("value", SETTINGS)
def test_a_setting_that_yaml_stumbles_over_is_refused(value, folder, tiny_data):
    plan(folder, STUDY, "--set", value, data=tiny_data)


@settings(settings.get_profile("fuzz"))
@given(
    name=st.sampled_from(
        ("KVJOB_STORE", "KVJOB_CACHE", "AWS_MAX_ATTEMPTS", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID")
    ),
    value=st.sampled_from([name for name in NAMES if "\x00" not in name and "\ud800" not in name])
    | st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20),
)
def test_a_variable_takes_anything_and_says_what_is_wrong(name, value, tmp_path):
    store = () if name == "KVJOB_STORE" else ("--store", "s3://bucket/x")
    away = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    places = {"KVJOB_STORE": str(tmp_path)} if name == "KVJOB_CACHE" else {}
    ask("status", "mine", *store, environment={**away, **keys, **places, name: value})
