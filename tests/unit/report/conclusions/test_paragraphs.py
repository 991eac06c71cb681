"""The wording of conclusions: fixed for situations, and never against its numbers for any."""

import os
import re
from pathlib import Path
from textwrap import fill

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kvjob.report.conclusions.answer import answer
from kvjob.report.conclusions.recommend import choose
from kvjob.report.conclusions.sentences import paragraph
from tests.unit.report.conclusions.cases import CASES, base, facts, level

GOLDEN = Path(__file__).with_name("paragraphs.txt")
REMEDY = "If the new wording is right, write it with KVJOB_GOLDEN=1 pytest tests/unit/report/conclusions"


def written() -> str:
    blocks = []
    for name, found in CASES.items():
        chosen, reason = choose(found)
        take = f"→ {chosen.label if chosen else 'the baseline'}: {reason}"
        blocks.append(f"# {name}\n{fill(' '.join(paragraph(found)), 110)}\n{take}\n")
    return "\n".join(blocks)


def test_the_wording_of_every_situation_is_the_golden_one():
    if os.environ.get("KVJOB_GOLDEN"):
        GOLDEN.write_text(written(), encoding="utf-8")
    assert written() == GOLDEN.read_text(encoding="utf-8"), REMEDY


@pytest.mark.parametrize("name", CASES)
def test_a_paragraph_is_a_handful_of_whole_sentences(name: str):
    said = paragraph(CASES[name])
    assert 1 <= len(said) <= 6
    assert all(sentence.endswith(".") and sentence[0] == sentence[0].upper() for sentence in said)


@st.composite
def gains(draw):
    """A mean in points with an interval around it, and a corrected p-value that goes with it."""
    mean = draw(st.floats(-60, 60))
    low, high = mean - draw(st.floats(0, 10)), mean + draw(st.floats(0, 10))
    return (mean, low, high), draw(st.floats(0, 1))


@st.composite
def any_levels(draw):
    seeds = draw(st.integers(1, 4))
    steered = draw(st.booleans())
    gone = draw(st.sampled_from(["diverged", "missing", "failed", "running"]))
    found = [base(seeds=seeds, finished=draw(st.integers(0, seeds)), gone=gone, steered=steered)]
    for name in draw(st.lists(st.sampled_from(["sgd", "rmsprop", "lion"]), unique=True, max_size=3)):
        gain, p = draw(gains())
        done = draw(st.integers(0, seeds))
        compared = done and found[0].standings.get("finished") and draw(st.booleans())
        found.append(
            level(
                name,
                gain if compared else None,
                p=p,
                seeds=seeds,
                finished=done,
                gone=gone,
                steered=steered,
                hours=draw(st.none() | st.floats(0, 100)),
                speed=draw(st.none() | st.floats(0, 5000)),
                stability=draw(st.none() | st.floats(0, 20)),
                parameters=draw(st.integers(1, 10**9)),
                epochs_to_95=draw(st.floats(1, 100)),
            )
        )
    return found


@settings(deadline=None)
@given(any_levels())
def test_no_experiment_is_told_against_its_numbers(levels):
    known = facts(*levels)
    words = " ".join(paragraph(known))
    verdicts = {each.label: each for each in known.levels}
    for label, found in verdicts.items():
        if re.search(rf"{label} is best|distinguishably better is {label}", words):
            assert found.verdict == "better"
            assert found.gain > 0
        if (
            f"{label} (+"
            in words.partition("Worse than the baseline: ")[2].partition(".")[0].partition(";")[0]
        ):
            assert found.verdict != "worse"
    for size in re.findall(r"([0-9.]+) points of IoU (?:above|below)", words):
        assert float(size) > 0
    if known.limit != "none":
        assert "is best" not in words
        assert "istinguishabl" not in words
        assert "confirmed" not in words
    assert "nan" not in words.split()
    assert not re.search(r"(?<!\w)[+−]0\.0(?!\d)", words), "what rounds to zero has no sign"


@settings(deadline=None)
@given(any_levels())
def test_no_level_is_taken_without_evidence(levels):
    known = facts(*levels)
    chosen, reason = choose(known)
    if reason == "better":
        assert chosen.verdict == "better"
        assert chosen.gain == max(each.gain for each in known.with_verdict("better") if not each.diverged)
    elif reason == "cheaper":
        assert chosen.iou_difference.low > -0.01
        assert chosen.price.hours <= 0.9 * known.baseline.price.hours
    else:
        assert chosen is None
    if chosen:
        assert known.limit == "none"
        assert chosen.conclusive
        assert not chosen.diverged


@settings(deadline=None)
@given(st.lists(any_levels(), max_size=4))
def test_the_answer_counts_what_was_judged(experiments):
    known = [facts(*levels) for levels in experiments]
    words = " ".join(answer(known))
    judged = [each for found in known if found.limit == "none" for each in found.levels if each.conclusive]
    better = [each for each in judged if each.verdict == "better"]
    assert ("largest gain" in words) == bool(better)
    assert ("no conclusion yet" in words) == (not judged)


def test_the_answer_of_a_study_names_its_largest_gain_and_loss_and_what_is_open():
    known = [CASES["one level is better"], CASES["the best is not distinguishable"], CASES["a single seed"]]
    renamed = [
        each.model_copy(update={"experiment": name, "title": name.title()})
        for name, each in zip(("one", "two", "three"), known, strict=True)
    ]
    judged = "4 levels of 2 factors could be judged against the baseline, one factor moved at a time"
    loss = "SGD with momentum (One), IoU −10.2 points (−12.0 to −8.4), Dice −5.1 points (−6.0 to −4.2)"
    assert answer(renamed) == (
        f"{judged}: 1 better, 2 worse and 1 not distinguishable.",
        "The largest gain: RMSprop (One), IoU +2.1 points (+0.9 to +3.3), Dice +1.1 points (+0.5 to +1.7).",
        f"The largest loss: {loss}.",
        "Not distinguishable is not equal: true differences below 1.8 points mostly stay unseen.",
        "No conclusion on Three.",
    )


def test_a_study_without_evidence_says_why():
    known = [CASES["a single seed"], CASES["nothing has finished"]]
    assert answer(known) == (
        "This study allows no conclusion yet: no level has finished and there is a single seed to compare.",
    )
