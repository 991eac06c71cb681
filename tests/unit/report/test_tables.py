import csv
import io
import re

import pytest

from kvjob.report.beside import set_beside
from kvjob.report.cost import brief
from kvjob.report.measure import Measure
from kvjob.report.published import load_published
from kvjob.report.read import read_data
from kvjob.report.summary import summarise
from kvjob.report.tables import (
    experiment_table,
    model_table,
    others_table,
    roman,
    signed,
    to_csv,
    to_latex,
    to_markdown,
)
from kvjob.report.tables.table import Column, Part, Row, Share, Table, text
from tests.unit.report.differences import difference
from tests.unit.report.example import NOW, MemoryStore, finish, make_study

COLUMNS = (
    Column("seeds", "Seeds"),
    Column("iou", "IoU"),
    Column("d", "Δ IoU [95 %]"),
    Column("v", "Verdict", numeric=False),
)
LOW = {"seeds": Share(3, 3), "iou": Measure(mean=0.81234, std=0.0123, n=3), "d": None, "v": "baseline"}
APART = difference(-0.03, -0.05, 0.0001)
HIGH = {"seeds": Share(2, 3), "iou": Measure(mean=0.5, std=None, n=1), "d": APART, "v": "not distinguishable"}
ROWS = (
    Row("low", "10 % | _low_", LOW, marks=("baseline",)),
    Row("low", "as published", {"iou": 0.8889}, kind="published"),
    Row("high", "high", HIGH),
    Row("high", "as published", {"iou": None}, kind="published"),
    Row("gone", "gone", {"seeds": Share(0, 3), "iou": None, "d": None, "v": "no result"}),
)
TABLE = Table(
    name="table-09-lr",
    label="Table IX",
    title="Rates & <b>more</b>",
    head="Level",
    parts=(Part("Scores.", COLUMNS, ROWS),),
    notes=("gone: seed 0 failed: 100 % of $HOME",),
)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"),
        ("running", "running"),
        (26677585, "26,677,585"),
        (0.12345, "0.123"),
        (-0.5, "−0.500"),
        (Measure(mean=0.8, std=None, n=1), "0.800"),
        (Measure(mean=0.8, std=0.0104, n=3), "0.800 ± 0.010"),
        (Share(3, 3), "3"),
        (Share(1, 3), "1 of 3"),
        (difference(0.02, -0.01, 0.0512), "+2.000 [−1.000, +5.120]"),
    ],
)
def test_values_in_print(value, shown):
    assert text(value, 3) == shown


def test_a_difference_that_rounds_to_zero_has_no_sign():
    assert [signed(value) for value in (0.0004, -0.0004, 0.0006, -0.0006)] == [
        "0.000",
        "0.000",
        "+0.001",
        "−0.001",
    ]


def test_roman_numerals():
    assert [roman(number) for number in (1, 4, 9, 14, 40, 99)] == ["I", "IV", "IX", "XIV", "XL", "XCIX"]


def test_csv_has_one_line_per_row_at_full_precision():
    rows = list(csv.DictReader(io.StringIO(to_csv(TABLE))))
    assert ",".join(rows[0]) == "level,title,origin,marks,seeds,seeds_of,iou,iou_std,d,d_low,d_high,v"
    assert [row["level"] for row in rows] == ["low", "low", "high", "high", "gone"]
    assert [row["origin"] == "published" for row in rows] == [False, True, False, True, False]
    assert (rows[0]["iou"], rows[0]["iou_std"], rows[0]["marks"]) == ("0.81234", "0.0123", "baseline")
    assert (rows[2]["d"], rows[2]["d_low"], rows[2]["seeds"], rows[2]["seeds_of"]) == (
        "-0.03",
        "-0.05",
        "2",
        "3",
    )
    assert (rows[3]["iou"], rows[4]["iou"]) == ("", "")


def test_markdown_reads_as_a_table_and_escapes_names():
    lines = to_markdown(TABLE).splitlines()
    assert lines[0] == r"**Table IX. Rates & \<b\>more\</b\>**"
    assert lines[6] == r"| 10 % \| \_low\_ (baseline) | 3 | 0.812 ± 0.012 | – | baseline |"
    assert lines[7] == "| as published |  | 0.8889 |  |  |"
    assert lines[9] == "| as published |  | not at hand |  |  |"
    assert lines[10] == "| gone | 0 of 3 | – | – | no result |"
    assert lines[-1] == "- gone: seed 0 failed: 100 % of $HOME"
    assert len({line.replace(r"\|", "").count("|") for line in lines[4:11]}) == 1


def test_latex_escapes_what_tex_would_read():
    found = to_latex(TABLE)
    assert r"10 \% \textbar{} \_low\_ (baseline) & 3 & 0.812 $\pm$ 0.012 & -- & baseline \\" in found
    assert r"$-$3.000 [$-$5.000, +0.010]" in found
    assert r"100 \% of \$HOME." in found
    assert r"\begin{tabular}{lrrrl}" in found
    assert found.count(r"\begin") == found.count(r"\end")


def test_a_bracket_at_the_start_of_a_latex_row_is_text():
    rows = (Row("a", "[a]\n\nb", {}),)
    assert r"    {[}a] b \\" in to_latex(Table("t", "T", "t", "[Level", (Part("", (), rows),)))


def test_the_table_of_an_experiment_gives_both_definitions_cost_and_state(mixed: MemoryStore):
    summaries = summarise(read_data(mixed, "paper", NOW), load_published())
    found = to_markdown(experiment_table(summaries[1]))
    assert found.startswith("**Table III. Optimiser**")
    assert "mean over images" in found
    assert "over all pixels" in found
    assert "| Level | GPU-minutes | of them wasted | Attempts | Pareto front | State |" in found
    trained = "Epochs | to 95 % | Last five (points) | Images/s | GPU-minutes a run"
    assert f"| Level | {trained} |" in found
    assert "| SGD with momentum | 0 of 2 | – | – | – | – | – | – | no result |" in found
    assert "1 diverged, 1 failed" in found
    assert (
        "| as published |  | not at hand | not at hand | 0.8889 | 0.9394 | not at hand | not at hand |"
        in found
    )


def test_the_network_is_the_baselines_beside_the_published_one(mixed: MemoryStore):
    data = read_data(mixed, "paper", NOW)
    found = to_markdown(model_table(data, load_published().paper.model))
    assert "| Encoder stem | 64 × 128 × 128 | 9,536 |" in found
    assert "| All |  | 26,677,585 |\n| as published |  | not at hand |" in found


def test_without_a_model_there_is_no_table_of_it(store: MemoryStore):
    make_study(store, "optimizer")
    assert model_table(read_data(store, "paper", NOW), load_published().paper.model) is None


def test_encoders_are_told_apart_by_their_parameters(store: MemoryStore):
    for run in make_study(store, "encoder").runs:
        finish(store, run, epochs=2, samples=1, side=16)
    summary = summarise(read_data(store, "paper", NOW), load_published())[0]
    assert "| Level | Parameters | Epochs |" in to_markdown(experiment_table(summary))


def test_published_results_stand_below_this_studys_baseline(mixed: MemoryStore):
    data = read_data(mixed, "paper", NOW)
    summaries = summarise(data, load_published())
    found = set_beside(data, summaries, load_published(), "official counts")
    lines = to_markdown(others_table(found, "A note.")).splitlines()
    assert re.fullmatch(r"\| This study’s baseline \| 0.\d+ .*\| this report \|", lines[6])
    points = r"[+−]\d+\.\d"
    compared = rf"{points} \| {points} \| (?:in|out)side.* \| Jha et al. 2021"
    assert re.fullmatch(rf"\| U-Net \| 0.8578 \| 0.9158 \| {compared} \|", lines[7])


@pytest.mark.parametrize(
    ("hours", "shown"), [([0.019, 0.5], "minutes"), ([0.019, 0.51], "hours"), ([], "hours")]
)
def test_short_times_are_printed_in_minutes(hours: list[float], shown: str):
    assert brief(hours) == (shown == "minutes")
    column = Column("hours_per_run", "", digits=1, scale=60)
    assert Row("a", "a", {"hours_per_run": Measure(mean=0.019, std=0.002, n=3)}).text(column) == "1.1 ± 0.1"


def test_files_for_programs_keep_hours_where_print_has_minutes(mixed: MemoryStore):
    summary = summarise(read_data(mixed, "paper", NOW), load_published())[1]
    first = next(csv.DictReader(io.StringIO(to_csv(experiment_table(summary)))))
    assert float(first["hours"]) == summary.levels[0].cost.hours
