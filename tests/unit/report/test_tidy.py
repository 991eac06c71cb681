from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from kvjob.report.read import read_data
from kvjob.report.tidy.files import to_csv, to_parquet
from kvjob.report.tidy.flatten import cells
from kvjob.report.tidy.frame import Column, Kind, dataset
from kvjob.study.scores import COUNTS
from tests.unit.report.example import NOW, MemoryStore

NAMES = {"runs", "epochs", "images", "attempts", "timings", "levels", "comparisons"}
TYPES = {"text": "object", "integer": "Int64", "number": "float64", "boolean": "boolean"}
COLUMNS = [Column(kind, kind, "") for kind in ("text", "integer", "number", "boolean", "time")]


@pytest.fixture(scope="module")
def frames(mixed_report: Path) -> dict[str, pd.DataFrame]:
    return {name: pd.read_parquet(mixed_report / "data" / f"{name}.parquet") for name in NAMES}


def kinds(folder: Path, name: str) -> dict[str, Kind]:
    columns = pd.read_csv(folder / "data" / "columns.csv")
    own = columns[columns["table"] == name]
    return dict(zip(own["column"], own["type"], strict=True))


def read_csv(source: Path | BytesIO, kind: dict[str, Kind]) -> pd.DataFrame:
    """As a reader would who follows columns.csv."""
    times = [name for name in kind if kind[name] == "time"]
    types = {name: TYPES[kind[name]] for name in kind if kind[name] != "time"}
    frame = pd.read_csv(source, dtype=types, keep_default_na=False, na_values=[""])
    for name in times:
        frame[name] = pd.to_datetime(frame[name], utc=True, format="ISO8601").astype("datetime64[us, UTC]")
    return frame


def same(left: pd.DataFrame, right: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(left, right, check_dtype=False, check_exact=True, check_column_type=False)


@pytest.mark.parametrize("name", sorted(NAMES))
def test_csv_and_parquet_have_the_same_content(mixed_report: Path, frames, name: str):
    written = read_csv(mixed_report / "data" / f"{name}.csv", kinds(mixed_report, name))
    assert len(frames[name])
    same(written, frames[name])


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_column_has_its_type_and_says_what_it_is(mixed_report: Path, frames, name: str):
    expected = kinds(mixed_report, name)
    assert list(frames[name].columns) == list(expected)
    for column, kind in expected.items():
        found = str(frames[name][column].dtype)
        allowed = {
            "text": {"object", "str"},
            "integer": {"Int64", "int64"},
            "number": {"float64", "Float64"},
            "boolean": {"boolean", "bool"},
            "time": {"datetime64[us, UTC]"},
        }
        assert found in allowed[kind], column
    columns = pd.read_csv(mixed_report / "data" / "columns.csv")
    assert not columns[columns["meaning"].isna()]["column"].to_list()


def test_every_run_of_the_plan_has_a_row_with_its_configuration(mixed: MemoryStore, frames):
    data, runs = read_data(mixed, "paper", NOW), frames["runs"]
    assert list(runs["run"]) == [run.key for run in data.runs]
    assert list(runs["standing"]) == [run.standing for run in data.runs]
    assert list(runs["config_optimizer"]) == [run.planned.config.optimizer for run in data.runs]
    done = next(i for i, run in enumerate(data.runs) if run.standing == "finished")
    result = data.runs[done].result
    assert result is not None
    assert result.test is not None
    assert runs.loc[done, "test_mean_over_images_iou"] == result.test.mean_over_images.iou
    assert pd.isna(runs["test_loss"][list(runs["standing"]).index("missing")])


def test_images_are_what_the_runs_were_scored_on(mixed: MemoryStore, frames):
    images = frames["images"]
    for run in read_data(mixed, "paper", NOW).runs:
        own = images[images["run"] == run.key]
        if run.counts is None:
            assert own.empty
            continue
        assert list(own["image"]) == list(run.counts.index)
        for name in COUNTS:
            assert list(own[f"{name}_pixels"]) == list(run.counts[name])
        iou = run.counts["tp"] / (run.counts["tp"] + run.counts["fp"] + run.counts["fn"])
        np.testing.assert_allclose(own["iou"].astype(float), iou)


def test_epochs_hold_every_epoch_of_both_phases(mixed: MemoryStore, frames):
    epochs = frames["epochs"]
    for run in read_data(mixed, "paper", NOW).runs:
        own = epochs[epochs["run"] == run.key]
        for phase in ("train", "validation"):
            of_phase = own[own["phase"] == phase]
            assert list(of_phase["epoch"]) == list(range(1, len(run.course) + 1))
            assert list(of_phase["dice"]) == list(run.course.series("dice", phase))


def test_a_run_that_was_tried_twice_has_two_attempts_and_their_timings(mixed: MemoryStore, frames):
    run = read_data(mixed, "paper", NOW).runs[1]
    own = frames["attempts"][frames["attempts"]["run"] == run.key]
    assert list(own["cause"]) == ["lost", "finished"]
    assert list(own["seconds"]) == [attempt.seconds for attempt in run.attempts]
    timings = frames["timings"][frames["timings"]["run"] == run.key]
    assert list(zip(timings["attempt"], timings["epoch"], strict=True)) == [
        (1, 1), (1, 2), (1, 3), (2, 3), (2, 4),
    ]  # fmt: skip


def test_each_comparison_is_that_of_its_level(frames):
    compared = frames["comparisons"].set_index(["experiment", "level", "score"])
    assert set(compared.index.get_level_values("score")) >= {"iou", "dice"}
    levels = frames["levels"]
    assert set(levels[levels["verdict"] == "no result"]["level"]).isdisjoint(
        compared.index.get_level_values("level")
    )
    assert (compared["low"] <= compared["mean"]).all()
    assert (compared["mean"] <= compared["high"]).all()


def test_where_nothing_has_run_the_tables_are_empty_and_whole():
    empty = dataset("nothing", "", [], always=COLUMNS)
    assert to_csv(empty) == "text,integer,number,boolean,time\n"
    assert list(pd.read_parquet(BytesIO(to_parquet(empty))).columns) == [column.name for column in COLUMNS]


rows = st.lists(
    st.tuples(
        st.none() | st.text(),
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.none() | st.floats(allow_nan=False),
        st.none() | st.booleans(),
        st.none() | st.datetimes(pd.Timestamp(1900, 1, 1), pd.Timestamp(2200, 1, 1)),
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=25, deadline=None)
@given(rows)
def test_whatever_is_in_a_cell_both_formats_give_it_back(values):
    table = dataset("any", "", [list(zip(COLUMNS, row, strict=True)) for row in values])
    read = pd.read_parquet(BytesIO(to_parquet(table)))
    for column, given_values in zip(COLUMNS, zip(*values, strict=True), strict=True):
        if column.kind in ("integer", "boolean"):
            assert [None if pd.isna(value) else value for value in read[column.name]] == list(given_values)
    written = read_csv(BytesIO(to_csv(table).encode()), {column.name: column.kind for column in COLUMNS})
    for column in ("integer", "number", "boolean", "time"):
        same(written[[column]], read[[column]])
    for csv, parquet in zip(written["text"], read["text"], strict=True):
        assert (pd.isna(csv) and pd.isna(parquet)) or csv.removeprefix("'") == parquet.removeprefix("'")
    assert to_parquet(table) == to_parquet(table)


def test_a_model_becomes_columns_by_its_own_fields():
    class Inner(BaseModel):
        low: float

    class Outer(BaseModel):
        name: str
        inner: Inner | None
        pair: tuple[int, int]
        words: tuple[str, ...]
        by_name: dict[str, Inner]
        anything: dict[str, object]

    value = Outer(
        name="x",
        inner=None,
        pair=(1, 2),
        words=("a", "b"),
        by_name={"of me": Inner(low=1)},
        anything={"k": [1]},
    )
    assert {column.name: held for column, held in cells(Outer, value)} == {
        "name": "x",
        "inner_low": None,
        "pair_1": 1,
        "pair_2": 2,
        "words": "a; b",
        "by_name_of_me_low": 1.0,
        "anything": '{"k":[1]}',
    }
