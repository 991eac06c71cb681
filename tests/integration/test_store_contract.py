"""What every store promises, asked of a directory and of three S3 servers."""

import hashlib
import itertools
import multiprocessing
import pickle
import random
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kvjob.errors import ConfigurationError, StoreError
from kvjob.store import CleanableStore, KeyMissing, Store, open_store, probe

INVALID_KEYS = [
    "",
    ".",
    "..",
    "/a",
    "a/",
    "a//b",
    "a/../b",
    "a/./b",
    "a\\b",
    "a\0b",
    "a\nb",
    "\x7f",
    "x" * 256,
]

parts = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="/\\"), min_size=1
)
parts = parts.map(lambda part: part[:60]).filter(lambda part: part not in (".", ".."))
keys = st.lists(parts, min_size=1, max_size=4).map("/".join)
values = st.binary(max_size=300)
once_per_value = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


class Contract:
    """Each test gets `store`, an empty one."""

    def test_what_is_written_is_read_back(self, store: Store) -> None:
        store.write("runs/a/config.json", b"{}")
        assert store.read("runs/a/config.json") == b"{}"

    def test_an_empty_object_is_an_object(self, store: Store, tmp_path: Path) -> None:
        store.write("empty", b"")
        assert store.read("empty") == b""
        assert store.fetch("empty", tmp_path / "cache").read_bytes() == b""
        assert [entry.size for entry in store.list()] == [0]

    def test_a_second_write_replaces_the_first(self, store: Store) -> None:
        store.write("latest.json", b"a longer first value")
        store.write("latest.json", b"second")
        assert store.read("latest.json") == b"second"
        assert [entry.size for entry in store.list()] == [6]

    def test_a_key_without_an_object_is_missing(self, store: Store, tmp_path: Path) -> None:
        store.write("folder/object", b"x")
        for key in ("nothing", "folder", "folder/nothing", "folder/object/below"):
            with pytest.raises(KeyMissing, match=key):
                store.read(key)
            with pytest.raises(KeyMissing, match=key):
                store.fetch(key, tmp_path / "cache")
            store.delete(key)
        assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
        assert store.read("folder/object") == b"x"

    def test_a_deleted_object_is_missing_and_its_neighbour_stays(self, store: Store) -> None:
        store.write("checkpoints/1/model", b"1")
        store.write("checkpoints/2/model", b"2")
        store.delete("checkpoints/1/model")
        with pytest.raises(KeyMissing):
            store.read("checkpoints/1/model")
        assert [entry.key for entry in store.list()] == ["checkpoints/2/model"]

    def test_a_listing_has_every_key_with_the_prefix_in_order_with_size_and_time(self, store: Store) -> None:
        written = ["a-b", "a/b-c/d", "a/b/c", "a.b", "ab", "é/z", "z"]
        for key in written:
            store.write(key, key.encode())
        for prefix in ("", "a", "a/", "a/b", "a/b/", "a/b/c", "é", "none", "a/b/c/d"):
            entries = list(store.list(prefix))
            assert [entry.key for entry in entries] == sorted(
                key for key in written if key.startswith(prefix)
            )
            assert [entry.size for entry in entries] == [len(entry.key.encode()) for entry in entries]
        now = datetime.now(UTC)
        assert all(abs(now - entry.modified) < timedelta(minutes=1) for entry in store.list())

    def test_a_listing_of_an_empty_store_is_empty(self, store: Store) -> None:
        assert list(store.list()) == []

    def test_a_large_file_comes_back_with_the_same_bytes(self, store: Store, tmp_path: Path) -> None:
        source = tmp_path / "weights"
        source.write_bytes(random.Random(1).randbytes(20 << 20))
        store.upload("weights/model.safetensors", source)
        fetched = store.fetch("weights/model.safetensors", tmp_path / "cache")
        for data in (fetched.read_bytes(), store.read("weights/model.safetensors")):
            assert hashlib.sha256(data).digest() == hashlib.sha256(source.read_bytes()).digest()

    def test_a_file_that_is_not_there_cannot_be_uploaded(self, store: Store, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match="absent"):
            store.upload("key", tmp_path / "absent")
        assert list(store.list()) == []

    def test_a_fetched_file_follows_a_change_of_size(self, store: Store, tmp_path: Path) -> None:
        for data in (b"first", b"the second"):
            store.write("data", data)
            assert store.fetch("data", tmp_path / "cache").read_bytes() == data

    def test_of_many_that_create_an_object_one_succeeds_and_the_others_change_nothing(
        self, store: Store
    ) -> None:
        with ThreadPoolExecutor(16) as pool:
            for turn in range(5):
                key = f"attempts/{turn}"
                values = [f"{number}".encode() for number in range(16)]
                created = list(pool.map(lambda data, key=key: store.create(key, data), values))
                assert created.count(True) == 1
                assert store.read(key) == values[created.index(True)]
        store.write("there", b"x")
        assert not store.create("there", b"y")
        assert store.read("there") == b"x"
        store.delete("there")
        assert store.create("there", b"y")
        assert store.read("there") == b"y"

    def test_what_is_prepared_is_seen_by_nobody_until_it_is_committed(self, store: Store) -> None:
        store.write("old", b"before")
        replaces, new = store.prepare("old", b"after"), store.prepare("new", b"after")
        assert [(entry.key, entry.size) for entry in store.list()] == [("old", 6)]
        assert store.read("old") == b"before"
        with pytest.raises(KeyMissing):
            store.read("new")
        assert replaces.commit()
        assert new.commit()
        assert (store.read("old"), store.read("new")) == (b"after", b"after")

    def test_what_was_revoked_is_never_committed_and_what_was_committed_stays(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")  # moto answers 500 to a revoked commit
        store.write("old", b"before")
        done = store.prepare("done", b"after")
        assert done.commit()
        late = [store.prepare(key, b"after") for key in ("old", "new", "old")]
        others = store.prepare("old-2", b"after"), store.prepare("done", b"third")
        for key in ("old", "new", "nothing"):
            store.revoke(key)
        assert not any(prepared.commit() for prepared in late)
        assert store.read("old") == b"before"
        store.revoke("done")
        assert not others[1].commit()
        assert (others[0].commit(), store.read("old-2"), store.read("done")) == (True, b"after", b"after")
        assert store.prepare("old", b"again").commit()
        assert [(entry.key, entry.size) for entry in store.list()] == [("done", 5), ("old", 5), ("old-2", 5)]

    def test_what_was_discarded_leaves_nothing(self, store: Store) -> None:
        prepared = store.prepare("key", b"x")
        prepared.discard()
        prepared.discard()
        assert list(store.list()) == []

    def test_an_impossible_key_is_refused_by_every_method(self, store: Store, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"x")
        methods: list[Callable[[str], object]] = [
            store.read,
            store.delete,
            store.revoke,
            lambda key: store.write(key, b""),
            lambda key: store.create(key, b""),
            lambda key: store.prepare(key, b""),
            lambda key: store.upload(key, tmp_path / "file"),
            lambda key: store.fetch(key, tmp_path / "cache"),
        ]
        for key, method in itertools.product(INVALID_KEYS, methods):
            with pytest.raises(ConfigurationError, match="store key"):
                method(key)
        assert list(store.list()) == []

    def test_a_listing_of_an_impossible_prefix_is_refused(self, store: Store) -> None:
        for prefix in ("/", "../", "a//b", "a\0"):
            with pytest.raises(ConfigurationError, match="store prefix"):
                store.list(prefix)

    @once_per_value
    @given(key=keys, data=values)
    def test_any_key_and_any_bytes_come_back(
        self, store: Store, tmp_path: Path, key: str, data: bytes
    ) -> None:
        store.write(key, data)
        try:
            assert store.read(key) == data
            assert store.fetch(key, tmp_path / secrets.token_hex(8)).read_bytes() == data
            assert [(entry.key, entry.size) for entry in store.list(key)] == [(key, len(data))]
        finally:
            store.delete(key)

    @once_per_value
    @given(
        steps=st.lists(
            st.tuples(st.sampled_from(["a", "b-", "b/1", "b/2/x", "b/2/y", "c.d"]), values | st.none()),
            max_size=12,
        )
    )
    def test_a_listing_equals_what_a_dictionary_would_hold(
        self, store: Store, steps: list[tuple[str, bytes | None]]
    ) -> None:
        model: dict[str, bytes] = {entry.key: store.read(entry.key) for entry in store.list()}
        for key, data in steps:
            if data is None:
                store.delete(key)
                model.pop(key, None)
            else:
                store.write(key, data)
                model[key] = data
        assert [(entry.key, entry.size) for entry in store.list()] == [
            (k, len(model[k])) for k in sorted(model)
        ]
        assert [entry.key for entry in store.list("b")] == [k for k in sorted(model) if k.startswith("b")]

    def test_sixteen_threads_may_use_it_at_once(self, store: Store, tmp_path: Path) -> None:
        def work(number: int) -> None:
            data = random.Random(number).randbytes(50_000)
            for turn in range(2):
                key = f"runs/{turn}/{number}"
                store.write(key, data)
                assert store.read(key) == data
                assert store.fetch(key, tmp_path / str(number)).read_bytes() == data
                assert key in [entry.key for entry in store.list(f"runs/{turn}/")]
                store.delete(key)

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(work, range(16)))
        assert list(store.list()) == []

    def test_a_reader_sees_one_whole_value_while_writers_replace_it(self, store: Store) -> None:
        whole = [bytes([number]) * 200_000 for number in range(3)]
        store.write("pointer", whole[0])

        def write(data: bytes) -> None:
            for _ in range(15):
                store.write("pointer", data)

        with ThreadPoolExecutor(3) as pool:
            writers = [pool.submit(write, data) for data in whole]
            seen = 0
            while not all(writer.done() for writer in writers) or not seen:
                assert store.read("pointer") in whole
                seen += 1
            for writer in writers:
                writer.result()

    def test_it_works_in_a_forked_process_and_after_pickling(self, store: Store) -> None:
        store.write("before", b"parent")
        with multiprocessing.get_context("fork").Pool(2) as pool:
            assert pool.map(_read_and_write, [(store, number) for number in range(4)]) == [b"parent"] * 4
        assert [store.read(f"child/{number}") for number in range(4)] == [b"0", b"1", b"2", b"3"]
        again = pickle.loads(pickle.dumps(store))
        assert (again.url, again.read("before")) == (store.url, b"parent")

    def test_a_probe_leaves_nothing(self, store: Store) -> None:
        probe(store)
        assert list(store.list()) == []

    def test_many_are_deleted_at_once_and_those_that_are_not_there_passed_over(
        self, store: CleanableStore
    ) -> None:
        keys = [f"runs/{number}/a b+ü&<" for number in range(30)]
        for key in (*keys, "runs/kept"):
            store.write(key, b"x")
        store.delete_all([*keys, "runs/never"])
        store.delete_all([])
        assert [entry.key for entry in store.list()] == ["runs/kept"]

    def test_nothing_is_unfinished_that_was_written_whole(
        self, store: CleanableStore, tmp_path: Path
    ) -> None:
        (tmp_path / "file").write_bytes(bytes(9 << 20))
        store.upload("in-parts", tmp_path / "file")
        assert list(store.unfinished()) == []

    def test_its_url_opens_it_again(self, store: Store) -> None:
        store.write("key", b"value")
        assert open_store(store.url).read("key") == b"value"


def _read_and_write(task: tuple[Store, int]) -> bytes:
    store, number = task
    store.write(f"child/{number}", str(number).encode())
    return store.read("before")


class TestDirectory(Contract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        return open_store(str(tmp_path / "store"))

    def test_a_fetch_copies_nothing(self, store: Store, tmp_path: Path) -> None:
        store.write("data", b"x")
        assert store.fetch("data", tmp_path / "cache").samefile(tmp_path / "store" / "data")
        assert not (tmp_path / "cache").exists()


class TestS3(Contract):
    @pytest.fixture
    def store(self, s3_url: str) -> Store:
        return open_store(f"{s3_url}/a/prefix")
