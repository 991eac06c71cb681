"""Whatever state a run was left in, a cleanup takes nothing from it that it could ever need."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kvjob.errors import ConfigurationError, KvjobError
from kvjob.records import layout
from kvjob.records.attempt import Attempt
from kvjob.records.checkpoint import MANIFEST, MODEL, CheckpointPointer
from kvjob.records.document import write_document
from kvjob.records.run import Result
from kvjob.retention import find_waste, remove
from kvjob.train.checkpoint import Checkpoints
from tests.unit.retention.cabinet import EPOCHS, KEY, OLD, Cabinet, trained

GARBAGE = st.sampled_from([b"", b"{", b"[1]", b'{"format": 1}', b'{"format": 99}', b"\xff\xfe"])
CHECKPOINTS = ("whole", "whole", "whole", "absent", "incomplete", "flipped")
POINTERS = ("right", "right", "right", "missing", "garbage", "to nothing")
ATTEMPTS = ("none", "interrupted", "interrupted", "silent", "running", "bug", "garbage")
RESULTS = ("none", "none", "none", "finished", "finished", "another best", "diverged at once", "garbage")

SOMEBODY = layout.run(KEY, "checkpoints/of-somebody/else")
"""What kvjob did not put there."""


@st.composite
def runs(draw, **only):
    """A store with one run in some state, and what was drawn for it."""

    def choose(name, choices):
        return draw(st.just(only[name]) if name in only else st.sampled_from(choices))

    files, pointers, bests = trained()
    store, chosen = Cabinet(), {}
    latest = choose("epoch", range(1, EPOCHS + 1))
    for pointer in pointers[:latest]:
        state = choose("checkpoint", CHECKPOINTS)
        for key in (key for key in files if key.startswith(pointer.folder)):
            if state == "absent" or (state == "incomplete" and key.endswith(MANIFEST)):
                continue
            flip = state == "flipped" and key.endswith(MODEL)
            store.write(key, files[key][:-1] + b"\x00\x01" if flip else files[key])
    best = bests[latest - 1]
    named = {"latest.json": pointers[latest - 1], "best.json": pointers[best - 1]}
    for name, pointer in named.items():
        chosen[name] = choose("pointer", POINTERS)
        if chosen[name] == "to nothing":
            pointer = pointer.model_copy(update={"folder": f"runs/{KEY}/checkpoints/00009-aaaaaaaa/"})
        put(store, name, draw(GARBAGE) if chosen[name] == "garbage" else pointer, chosen[name] == "missing")
    chosen["result.json"] = choose("result", RESULTS)
    number = {"another best": best + 1, "diverged at once": 0}.get(chosen["result.json"], best)
    result = Result(
        key=KEY, status="finished", stopped="epochs", epochs=latest, best_epoch=number,
        images={}, validation=None, test=None,
    )  # fmt: skip
    put(
        store,
        "result.json",
        draw(GARBAGE) if chosen["result.json"] == "garbage" else result,
        chosen["result.json"] == "none",
    )
    chosen["attempt"] = choose("attempt", ATTEMPTS)
    seen = datetime.now(UTC) - (timedelta() if chosen["attempt"] == "running" else OLD)
    cause = "running" if chosen["attempt"] in ("running", "silent") else chosen["attempt"]
    record = None
    if chosen["attempt"] not in ("none", "garbage"):
        record = Attempt(number=1, started=seen, last_seen=seen, cause=cause)
    put(store, "attempts/0001.json", record or draw(GARBAGE), chosen["attempt"] == "none")
    put(store, "history.json", b"not looked at", False)
    store.write(SOMEBODY, b"?")
    return store, chosen, latest, best


def put(store, name, document, absent) -> None:
    key = layout.run(KEY, name)
    if isinstance(document, bytes) and not absent:
        store.write(key, document)
    elif not absent:
        write_document(store, key, document)


def goes_on_from(store: Cabinet):
    """What a trainer would make of the run, without changing the store."""
    try:
        found, _ = Checkpoints(store.copy(), KEY).latest()
    except ConfigurationError:  # of a newer kvjob
        return "refused"
    return found and (found.epoch, found.folder, found.files)


def predicts_with(store: Cabinet, best: int):
    try:
        return Checkpoints(store.copy(), KEY).best(best).files[MODEL]
    except KvjobError as error:
        return str(error)


def cleaned(store: Cabinet) -> Cabinet:
    after = store.copy()
    remove(after, find_waste(after))
    return after


FAST = settings(deadline=None, max_examples=50, suppress_health_check=list(HealthCheck))
THOROUGH = settings(FAST, max_examples=150)


@THOROUGH
@given(runs())
def test_a_run_goes_on_and_predicts_as_before_and_keeps_all_it_learned(drawn):
    store, chosen, _, best = drawn
    after = cleaned(store)
    assert goes_on_from(after) == goes_on_from(store) or chosen["result.json"] != "none"
    if chosen["result.json"] != "diverged at once":
        assert predicts_with(after, best) == predicts_with(store, best)
    gone = store.objects.keys() - after.objects.keys()
    assert all("/checkpoints/0" in key or key.endswith("latest.json") for key in gone)
    assert {key: store.objects[key] for key in after.objects} == after.objects


@FAST
@given(runs())
def test_looking_changes_nothing_and_a_second_cleanup_finds_nothing(drawn):
    store, *_ = drawn
    before = dict(store.objects)
    find_waste(store)
    assert store.objects == before
    assert find_waste(cleaned(store)).waste == ()


@FAST
@given(runs())
def test_a_run_in_training_or_with_a_damaged_document_keeps_everything(drawn):
    store, chosen, *_ = drawn
    finished = chosen["result.json"] in ("finished", "another best", "diverged at once")
    read = ("result.json", "attempt", "best.json", *(() if finished else ("latest.json",)))
    waste = find_waste(store)
    if chosen["attempt"] == "running" or any(chosen[name] == "garbage" for name in read):
        assert waste.waste == waste.young == ()
        assert cleaned(store).objects == store.objects


@FAST
@given(runs(checkpoint="whole", pointer="right", attempt="interrupted", result="none"))
def test_a_run_that_was_interrupted_keeps_what_its_trainer_would_have_kept(drawn):
    store, _, latest, _ = drawn
    store.delete(SOMEBODY)
    tidied = store.copy()
    _, pointers, bests = trained()
    trainer = Checkpoints(tidied, KEY)
    trainer._chain = tuple(
        (pointers[epoch - 1].folder, pointers[bests[epoch - 1] - 1].folder)
        for epoch in range(max(1, latest - 1), latest + 1)
    )
    trainer._retain(latest)
    assert cleaned(store).objects == tidied.objects


@FAST
@given(runs(checkpoint="whole", pointer="right", attempt="interrupted", result="finished"))
def test_a_run_that_is_over_keeps_what_its_trainer_would_have_kept(drawn):
    store, _, _, best = drawn
    store.delete(SOMEBODY)
    tidied = store.copy()
    Checkpoints(tidied, KEY).tidy(best)
    assert cleaned(store).objects == tidied.objects


def interrupted() -> Cabinet:
    """Six checkpoints of which the trainer had not yet deleted one."""
    files, pointers, bests = trained()
    store = Cabinet()
    for key, data in files.items():
        store.write(key, data)
    write_document(store, layout.run(KEY, "latest.json"), pointers[-1])
    write_document(store, layout.run(KEY, "best.json"), pointers[bests[-1] - 1])
    return store


def epochs(store: Cabinet) -> set[int]:
    return {int(key.split("/")[3][:5]) for key in store.objects if key.endswith(MANIFEST)}


def test_the_best_that_the_pointer_names_stays_too_if_a_crash_came_before_its_checkpoint_was_the_latest():
    store, (_, pointers, bests) = interrupted(), trained()
    best = bests[-1]
    assert best > 3, "the run must have become better for this to say anything"
    write_document(store, layout.run(KEY, "latest.json"), pointers[best - 2])
    before = goes_on_from(store)
    after = cleaned(store)
    assert goes_on_from(after) == before
    assert {best, best - 1, bests[best - 2]} <= epochs(after)


@pytest.mark.parametrize("name", ["latest.json", "best.json"])
@pytest.mark.parametrize("update", [{"epoch": 3}, {"folder": "runs/other/checkpoints/00001-aaaaaaaa/"}])
def test_a_pointer_that_contradicts_itself_keeps_everything_and_is_named(name, update):
    store = interrupted()
    key = layout.run(KEY, name)
    pointer = CheckpointPointer.model_validate_json(store.objects[key]).model_copy(update=update)
    write_document(store, key, pointer)
    found = find_waste(store)
    assert found.waste == ()
    assert [(kept.name, key in kept.why) for kept in found.kept] == [(f"run {KEY}", True)]


def test_what_is_young_is_left_alone():
    store = interrupted()
    store.age = timedelta(minutes=50)
    for key in list(store.objects):
        store.write(key, store.objects[key])
    found = find_waste(store)
    assert found.waste == ()
    assert found.young
    assert cleaned(store).objects == store.objects
    assert find_waste(store, timedelta(minutes=40)).waste == found.young


def test_a_run_that_starts_to_train_or_goes_on_between_looking_and_deleting_is_spared():
    for change in ("an attempt", "the same folder"):
        store = interrupted()
        found = find_waste(store)
        doomed = found.waste[0].name
        now = datetime.now(UTC)
        if change == "an attempt":
            write_document(store, layout.attempt(KEY, 1), Attempt(number=1, started=now, last_seen=now))
        else:
            store.age = timedelta()
            store.write(doomed + MODEL, store.objects[doomed + MODEL])
        outcome = remove(store, found)
        assert doomed in {kept.name for kept in outcome.spared}
        assert doomed + MANIFEST in store.objects


def test_an_interrupted_deletion_leaves_no_manifest_and_is_completed_by_the_next(monkeypatch):
    store = interrupted()
    found = find_waste(store)
    real, calls = store.delete_all, []

    def once(keys):
        keys = list(keys)
        if calls:
            raise KeyboardInterrupt
        calls.append(keys)
        real(keys)

    monkeypatch.setattr(store, "delete_all", once)
    with pytest.raises(KeyboardInterrupt):
        remove(store, found)
    assert calls
    assert all(key.endswith(MANIFEST) for key in calls[0])
    monkeypatch.undo()
    assert {waste.kind for waste in find_waste(store).waste} == {"incomplete-checkpoint"}
    assert cleaned(store).objects == cleaned(interrupted()).objects
