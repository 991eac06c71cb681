"""What plans refer to stays, even if the plan is written at this very moment; so does all that might be."""

from datetime import UTC, datetime, timedelta

import pytest

from kvjob.records import layout
from kvjob.records.attempt import Attempt
from kvjob.records.document import write_document
from kvjob.retention import find_waste, remove
from kvjob.store import Unfinished
from tests.unit.report.example import DATASET, make_study
from tests.unit.retention.cabinet import Cabinet

USED = layout.weights("a" * 16, "mine.safetensors")
NEW = layout.dataset("e" * 12, "")
PACKS = ("images-256.npy", "manifest.json", "masks-256.npy")
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def store() -> Cabinet:
    """A study with its data set and weights, another data set, other weights, and a run of no study."""
    made = Cabinet()
    plan = make_study(made, "optimizer", base={"encoder_weights": USED})
    made.write(USED, b"weights")
    made.write(layout.weights("b" * 16, "other.pth"), b"weights")
    for name in PACKS:
        made.write(layout.dataset(DATASET, name), b"used")
        made.write(NEW + name, name.encode())
    left = (
        "config.json",
        "result.json",
        "predictions.png",
        "samples/index.json",
        "checkpoints/00001-aaaaaaaa/manifest.json",
    )
    for key in (plan.runs[0].key, "0" * 12):
        for name in left:
            made.write(layout.run(key, name), b"{}")
    return made


def names(waste) -> list[str]:
    return sorted(each.name for each in waste)


def test_only_what_no_plan_refers_to_goes_and_runs_only_when_that_is_asked_for(store):
    found = find_waste(store)
    assert names(found.waste) == [NEW, "weights/" + "b" * 16 + "/"]
    assert names(found.unplanned) == ["runs/" + "0" * 12 + "/"]
    before = set(store.objects)
    remove(store, found)
    assert before - store.objects.keys() == {NEW + name for name in PACKS} | {
        "weights/" + "b" * 16 + "/other.pth"
    }
    remove(store, find_waste(store, unplanned_runs=True))
    assert {key.split("/")[1] for key in store.objects if key.startswith("runs/")} != {"0" * 12}
    assert not [key for key in store.objects if key.startswith("runs/" + "0" * 12)]
    assert USED in store.objects


@pytest.mark.parametrize("plan", [b"{", b'{"format": 2}', b"[]", None])
def test_a_plan_that_cannot_be_read_keeps_all_data_weights_and_runs_and_is_named(store, plan):
    key = layout.study("other", "plan.json")
    if plan is None:  # all that is left of a study is its report
        store.write(layout.study("other", "report/index.html"), b"<p>")
    else:
        store.write(key, plan)
    found = find_waste(store, unplanned_runs=True)
    assert found.waste == ()
    assert any(key in kept.why for kept in found.kept)
    before = dict(store.objects)
    remove(store, found)
    assert store.objects == before


def new_study(store: Cabinet) -> None:
    text = store.objects[layout.study("paper", "plan.json")].replace(DATASET.encode(), b"e" * 12)
    store.write(layout.study("new", "plan.json"), text)


def test_a_study_planned_after_looking_keeps_its_data(store):
    found = find_waste(store)
    new_study(store)
    outcome = remove(store, found)
    assert [kept.name for kept in outcome.spared] == [NEW]
    assert all(NEW + name in store.objects for name in PACKS)


def test_a_study_planned_in_the_middle_of_the_deletion_gets_its_data_back(store, monkeypatch):
    found, real = find_waste(store), store.delete_all

    def delete_all(keys):
        keys = list(keys)
        real(keys)
        if NEW + "manifest.json" in keys:
            new_study(store)

    monkeypatch.setattr(store, "delete_all", delete_all)
    outcome = remove(store, found)
    assert [kept.name for kept in outcome.spared] == [NEW]
    assert {name: store.objects[NEW + name] for name in PACKS} == {name: name.encode() for name in PACKS}


def test_packs_whose_manifest_was_never_written_go_without_being_read(store):
    store.delete(NEW + "manifest.json")
    remove(store, find_waste(store))
    assert not [key for key in store.objects if key.startswith(NEW)]
    assert store.reads[NEW + "images-256.npy"] == 0


def test_an_unplanned_run_in_training_or_with_a_damaged_attempt_stays(store):
    now = datetime.now(UTC)
    running = Attempt(number=1, started=now, last_seen=now)
    write_document(store, layout.attempt("0" * 12, 1), running)
    store.write(layout.run("1" * 12, "attempts/0001.json"), b"{")
    found = find_waste(store, timedelta(), unplanned_runs=True)
    assert not [waste for waste in found.waste if waste.kind == "run"]
    assert [kept.name for kept in found.kept] == ["run " + "1" * 12]


def test_interrupted_writes_go_when_they_are_old_enough(store):
    young = Unfinished("runs/a/model", 5, datetime.now(UTC), "2")
    store.parts = [Unfinished("runs/a/model", 5, LONG_AGO, "1"), young]
    remove(store, find_waste(store))
    assert store.parts == [young]


def test_a_write_that_may_be_alive_stays_even_without_grace(store):
    now = datetime.now(UTC)
    silent = [Unfinished("a", 5, now - timedelta(minutes=minutes)) for minutes in (9, 11)]
    store.parts = list(silent)
    remove(store, find_waste(store, timedelta()))
    assert store.parts == silent[:1]


def test_the_cache_loses_what_no_study_of_the_store_uses(store, tmp_path):
    kept = tmp_path / layout.dataset(DATASET, "images-256.npy")
    gone = [tmp_path / NEW / "images-256.npy", tmp_path / "source/kvasir/a/b.zip", tmp_path / "source/c.zip"]
    foreign = tmp_path / "else" / "file"
    for path in (kept, foreign, *gone):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    assert not [waste for waste in find_waste(store).waste if waste.kind == "cache"]
    assert not [waste for waste in find_waste(store, cache=tmp_path).waste if waste.kind == "cache"], "young"
    assert find_waste(store, timedelta(), cache=tmp_path / "none").kept == ()
    store.write(layout.study("other", "plan.json"), b"{")
    doubtful = find_waste(store, timedelta(), cache=tmp_path)
    assert names(doubtful.waste) == [str(tmp_path / "source" / name) for name in ("c.zip", "kvasir")]
    store.delete(layout.study("other", "plan.json"))
    found = find_waste(store, timedelta(), cache=tmp_path)
    gone[0].write_bytes(b"downloaded anew")
    outcome = remove(store, found)
    assert [kept.name for kept in outcome.spared] == [str(tmp_path / NEW.rstrip("/"))]
    remove(store, find_waste(store, timedelta(), cache=tmp_path))
    left = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {kept, foreign}


def test_a_store_that_will_not_tell_of_interrupted_writes_is_cleaned_up_all_the_same(store, monkeypatch):
    from kvjob.errors import StoreError

    def refuse():
        raise StoreError("access denied", where="s3://b", fix="Ask")

    monkeypatch.setattr(store, "unfinished", refuse)
    found = find_waste(store)
    assert names(found.waste) == [NEW, "weights/" + "b" * 16 + "/"]
    assert [(kept.name, kept.why) for kept in found.kept] == [("interrupted writes", "s3://b: access denied")]


def test_a_listing_and_the_plans_are_all_that_a_tidy_store_costs(store):
    for number in range(200):
        key = f"{number:012}"
        for name in ("result.json", "best.json", "checkpoints/00001-aaaaaaaa/manifest.json"):
            store.write(layout.run(key, name), b"{}")
    store.reads.clear()
    find_waste(store)
    assert store.reads == {"list ": 1, "list studies/": 1, layout.study("paper", "plan.json"): 1}
