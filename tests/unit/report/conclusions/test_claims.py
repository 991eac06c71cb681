import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvjob.errors import ConfigurationError
from kvjob.report.conclusions import conclude
from kvjob.report.conclusions.claims import judge
from kvjob.report.conclusions.contest import Contest, turned
from kvjob.report.published import BUILT_IN, Claim, load_published
from kvjob.report.read import read_data
from kvjob.report.summary import summarise
from tests.unit.report.differences import difference
from tests.unit.report.example import NOW, MemoryStore, finish, make_study


def claim(says: str, **changes: object) -> Claim:
    values = {
        "name": "c",
        "text": "A claim",
        "source": "here",
        "experiment": "e",
        "level": "a",
        "than": ("b",),
    }
    return Claim(**{**values, "says": says, **changes})


def contest(gain: float, width: float = 1.0, p: float | None = None, hindrance: str = "") -> Contest:
    """Level a against b, in points."""
    found = difference(gain / 100, (gain - width) / 100, (gain + width) / 100, p)
    return Contest(
        level="a", label="A", other="b", other_label="B", iou=found, dice=found, hindrance=hindrance
    )  # fmt: skip


ABSENT = Contest(
    level="a", label="A", other="b", other_label="B", iou=None, dice=None, hindrance="B has no result"
)


@pytest.mark.parametrize(
    ("says", "contests", "verdict"),
    [
        ("better", [contest(2)], "confirmed"),
        ("better", [contest(-2)], "contradicted"),
        ("better", [contest(0.5)], "undecided"),
        ("better", [contest(2, p=0.07)], "undecided"),
        ("better", [contest(2, hindrance="a single seed")], "undecided"),
        ("better", [contest(-2, hindrance="a single seed")], "undecided"),
        ("better", [ABSENT], "undecided"),
        ("better", [], "undecided"),
        ("worse", [contest(-2)], "confirmed"),
        ("worse", [contest(2)], "contradicted"),
        ("best", [contest(2), contest(3)], "confirmed"),
        ("best", [contest(2), contest(0.5)], "undecided"),
        ("best", [contest(2), ABSENT], "undecided"),
        ("best", [ABSENT, contest(-2)], "contradicted"),
        ("no difference", [contest(0.1, 0.8)], "confirmed"),
        ("no difference", [contest(0.5, 0.3)], "confirmed"),
        ("no difference", [contest(0.1, 1.5)], "undecided"),
        ("no difference", [contest(2)], "contradicted"),
        ("no difference", [contest(2, hindrance="the test set steered")], "undecided"),
    ],
)
def test_the_verdict_follows_from_the_differences(says, contests, verdict):
    assert judge(claim(says), contests) == verdict


def test_no_difference_is_a_matter_of_its_margin():
    assert judge(claim("no difference", margin=0.5), [contest(0.1, 0.8)]) == "undecided"


@given(st.floats(-20, 20), st.floats(0.01, 10), st.floats(0, 1))
def test_who_is_better_one_way_is_worse_the_other(gain: float, width: float, p: float):
    one = contest(gain, width, p)
    other = one.model_copy(update={"iou": turned(one.iou), "dice": turned(one.dice)})
    assert judge(claim("better"), [one]) == judge(claim("worse"), [other])
    assert {judge(claim("better"), [one]), judge(claim("worse"), [one])} in (
        {"undecided"},
        {"confirmed", "contradicted"},
    )


def finished(seeds: int, **changes: object) -> MemoryStore:
    store = MemoryStore()
    for run in make_study(store, "optimizer", seeds=seeds, **changes).runs:
        finish(store, run, epochs=2, samples=1, side=16)
    return store


def results(store: MemoryStore, dataset: str = "official counts", published: Path | None = None):
    data, values = read_data(store, "paper", NOW), load_published(published)
    return {each.claim.name: each for each in conclude(data, summarise(data, values), values, dataset).claims}


def test_levels_are_compared_with_each_other_and_not_only_with_the_baseline():
    found = results(finished(3))["rmsprop-best"]
    assert (found.verdict, found.kind) == ("confirmed", "claim")
    assert [(each.level, each.other) for each in found.contests] == [("rmsprop", "adam"), ("rmsprop", "sgd")]
    assert found.contests[1].iou.mean > found.contests[0].iou.mean > 0
    assert "RMSprop − SGD with momentum: +" in found.why


def test_on_other_images_a_claim_is_not_tested_whatever_the_numbers_say():
    found = results(finished(3), "synthetic")["rmsprop-best"]
    assert (found.verdict, found.on_this_data) == ("not tested", "confirmed")


@pytest.mark.parametrize(
    ("store", "why"),
    [
        (finished(1), "a single seed says nothing of other seeds"),
        (finished(3, base={"protocol": "test-steered"}), "the test set steered training"),
    ],
)
def test_nothing_is_decided_without_evidence(store: MemoryStore, why: str):
    found = results(store)["rmsprop-best"]
    assert found.verdict == "undecided"
    assert why in found.why


def test_questions_of_experiments_that_the_study_lacks_are_not_listed():
    assert set(results(finished(2))) == {"rmsprop-best"}


def test_a_users_claims_are_judged_beside_those_that_are_known(tmp_path: Path):
    values = json.loads(BUILT_IN.read_text(encoding="utf-8"))
    own = {"name": "sgd-best", "text": "SGD is best", "source": "page 9", "experiment": "optimizer"}
    values["paper"]["claims"].append({**own, "level": "sgd", "says": "best"})
    values["paper"]["claims"].append({**own, "name": "gone", "level": "adagrad", "says": "best"})
    copy = tmp_path / "mine.json"
    copy.write_text(json.dumps(values))
    found = results(finished(3), published=copy)
    assert (found["rmsprop-best"].verdict, found["sgd-best"].verdict) == ("confirmed", "contradicted")
    assert (found["gone"].verdict, found["gone"].contests) == ("not tested", ())


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"says": "better"}, "than"),
        ({"says": "nicer", "than": ["adam"]}, "says"),
        ({"says": "better", "than": ["sgd"]}, "compared with itself"),
        ({"name": "rmsprop-best", "says": "best"}, "two claims are named rmsprop-best"),
        ({"source": "", "says": "best"}, "source"),
    ],
)
def test_a_claim_that_claims_nothing_is_refused(tmp_path: Path, change, named: str):
    values = json.loads(BUILT_IN.read_text(encoding="utf-8"))
    own = {"name": "own", "text": "x", "source": "y", "experiment": "optimizer", "level": "sgd"}
    values["paper"]["claims"].append({**own, **change})
    copy = tmp_path / "mine.json"
    copy.write_text(json.dumps(values))
    with pytest.raises(ConfigurationError, match=named):
        load_published(copy)


def test_every_claim_and_question_that_comes_with_kvjob_is_of_a_level_of_the_catalogue():
    from kvjob.experiments import CATALOGUE

    values = load_published()
    assert [each.name for each in values.paper.claims] == ["rmsprop-best"], "only what has a source"
    for each in (*values.paper.claims, *values.questions):
        levels = {level.name for level in CATALOGUE[each.experiment].levels}
        assert {each.level, *each.than} <= levels
    assert all(each.text.endswith("?") for each in values.questions)
