"""A directory as a store: what a killed process, a full disk, a file in the way and a link do to it."""

import hashlib
import os
import random
import signal
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kvjob.errors import DiskFullError, StoreError
from kvjob.store import CleanableStore as Store
from kvjob.store import KeyMissing, open_store

WRITER = """
import hashlib, random, sys
from kvjob.store import open_store
store, chance = open_store(sys.argv[1]), random.Random(int(sys.argv[2]))
datas = [chance.randbytes(chance.randrange(1 << 20, 4 << 20)) for _ in range(4)]
datas = [hashlib.sha256(data).digest() + data for data in datas]
while True:
    store.write(f"runs/{chance.randrange(4)}/model", chance.choice(datas))
    print("written", flush=True)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def store(root: Path) -> Store:
    return open_store(str(root))


def files_below(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_reading_and_listing_make_no_folder(store: Store, root: Path) -> None:
    assert list(store.list()) == []
    with pytest.raises(KeyMissing):
        store.read("key")
    store.delete("key")
    assert not root.exists()


def test_the_first_write_makes_the_root(tmp_path: Path) -> None:
    open_store(str(tmp_path / "new" / "store")).write("a/b", b"x")
    assert files_below(tmp_path) == ["new/store/a/b"]


def test_objects_have_the_permissions_of_the_users_other_files(store: Store, root: Path) -> None:
    store.write("a/key", b"x")
    other = root / "other"
    other.touch()
    assert (root / "a" / "key").stat().st_mode == other.stat().st_mode


def test_a_relative_root_stays_where_it_was_when_the_process_moves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = open_store("store")
    monkeypatch.chdir("/")
    store.write("key", b"x")
    assert store.url == str(tmp_path / "store")
    assert files_below(tmp_path) == ["store/key"]


def test_killed_writers_leave_only_whole_objects(store: Store, root: Path) -> None:
    chance = random.Random(7)
    torn = 0
    for turn in range(100):
        if turn >= 10 and torn:
            break
        child = subprocess.Popen([sys.executable, "-c", WRITER, root, str(turn)], stdout=subprocess.PIPE)
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(chance.uniform(0, 0.1))
        os.kill(child.pid, signal.SIGKILL)
        child.communicate()
        listed = [entry.key for entry in store.list()]
        assert listed
        for key in listed:
            data = store.read(key)
            assert hashlib.sha256(data[32:]).digest() == data[:32]
        torn += len(files_below(root)) > len(listed)
    assert torn, "no kill met a writer at work, so this test has shown nothing"


@pytest.mark.parametrize("by", ["a listing", "a write"])
def test_unfinished_files_are_removed_when_their_writer_is_long_gone(
    store: Store, root: Path, by: str
) -> None:
    store.write("runs/a/model", b"x")
    old, new = (root / "runs" / "a" / f".kvjob-part-{name}" for name in ("old", "new"))
    for part in (old, new):
        part.write_bytes(b"half")
    os.utime(old, (time.time() - 25 * 3600,) * 2)
    if by == "a write":
        store.write("runs/a/model", b"y")
    else:
        assert [entry.key for entry in store.list("runs/")] == ["runs/a/model"]
    assert not old.exists()
    assert new.exists()


def test_unfinished_files_are_told_and_removed_unless_they_were_written_to_since(
    store: Store, root: Path
) -> None:
    store.write("runs/a/model", b"x")
    dead, alive = (root / "runs" / "a" / f".kvjob-part-{name}" for name in ("dead", "alive"))
    for part in (dead, alive):
        part.write_bytes(b"half")
        os.utime(part, (time.time() - 7200,) * 2)
    found = list(store.unfinished())
    assert [(part.key, part.size) for part in found] == [
        ("runs/a/.kvjob-part-alive", 4),
        ("runs/a/.kvjob-part-dead", 4),
    ]
    alive.write_bytes(b"more")
    for part in (*found, *found):
        store.discard(part)
    assert files_below(root) == ["runs/a/.kvjob-part-alive", "runs/a/model"]


def test_bytes_reach_the_disk_before_the_name_and_the_name_before_the_return(
    store: Store, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write("a/key", b"first")
    events: list[str] = []
    sync, replace = os.fsync, os.replace

    def synced(descriptor: int) -> None:
        sync(descriptor)
        events.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")

    def replaced(source: Path, target: Path) -> None:
        replace(source, target)
        events.append("name")

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", replaced)
    store.write("a/key", b"second")
    assert events == ["file", "name", "folder"]
    events.clear()
    store.write("b/c/key", b"x")
    assert events == ["folder", "folder", "file", "name", "folder"]


def test_deleting_the_last_object_of_a_folder_frees_its_name(store: Store, root: Path) -> None:
    store.write("a/b/c", b"x")
    store.delete("a/b/c")
    assert list(root.iterdir()) == []
    store.write("a", b"now an object")
    assert store.read("a") == b"now an object"


def test_writers_and_deleters_of_one_folder_do_not_disturb_each_other(store: Store) -> None:
    def work(number: int) -> None:
        for _ in range(60):
            store.write(f"a/b/{number}", b"x")
            store.delete(f"a/b/{number}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert list(store.list()) == []


def test_a_full_disk_is_told_and_the_old_object_stays(small_disk: Path) -> None:
    store = open_store(str(small_disk / "store"))
    store.write("model", b"old")
    (small_disk / "source").write_bytes(bytes(100_000))
    for attempt in (
        lambda: store.write("model", bytes(1 << 20)),
        lambda: [store.upload(f"copies/{number}", small_disk / "source") for number in range(3)],
    ):
        said = r"the disk is full: 0\.\d MB are free and \d\.\d MB are to be written\. Free some space"
        with pytest.raises(DiskFullError, match=said) as caught:
            attempt()
        assert str(small_disk / "store") in caught.value.where
    assert store.read("model") == b"old"
    assert not [name for name in files_below(small_disk) if "part" in name]


def test_a_read_only_disk_is_told_and_can_still_be_read(small_disk: Path) -> None:
    store = open_store(str(small_disk))
    store.write("a/key", b"x")
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    for attempt in (
        lambda: store.write("a/key", b"y"),
        lambda: store.write("new/key", b"y"),
        lambda: store.upload("a/key", Path(__file__)),
        lambda: store.delete("a/key"),
    ):
        with pytest.raises(StoreError, match="the file system is read-only"):
            attempt()
    assert store.read("a/key") == b"x"
    assert [entry.key for entry in store.list()] == ["a/key"]


def test_a_folder_without_permission_is_told(store: Store, root: Path) -> None:
    store.write("a/key", b"x")
    (root / "a").chmod(0)
    command = f"from kvjob.store import open_store; open_store({str(root)!r}).read('a/key')"
    # Root reads everything, unless it gives that power up.
    humble = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.getuid() == 0 else []
    reader = subprocess.run(
        [*humble, sys.executable, "-c", command], capture_output=True, text=True, check=False
    )
    (root / "a").chmod(0o755)
    assert f"StoreError: {root}/a/key: permission denied. Give this user" in reader.stderr


@pytest.mark.parametrize(
    ("there", "key"), [("a", "a/b"), ("a", "a/b/c"), ("a/b", "a")], ids=["file", "file above", "folder"]
)
def test_a_file_or_folder_in_the_way_is_told(store: Store, there: str, key: str) -> None:
    store.write(there, b"x")
    with pytest.raises(StoreError, match="lies where") as caught:
        store.write(key, b"y")
    assert caught.value.where.endswith(f"store/{key}")
    assert [(entry.key, store.read(entry.key)) for entry in store.list()] == [(there, b"x")]


def test_a_root_that_is_a_file_is_told(store: Store, root: Path) -> None:
    root.write_bytes(b"x")
    for attempt in (lambda: store.read("key"), lambda: store.fetch("key", root), lambda: store.list()):
        with pytest.raises(StoreError, match="is a file, not a folder"):
            attempt()
    with pytest.raises(StoreError, match="a file lies where a folder is needed"):
        store.write("key", b"y")
    assert root.read_bytes() == b"x"


def test_no_link_leads_out_of_the_store(store: Store, root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "key").write_bytes(b"secret")
    store.write("inside/key", b"x")
    (root / "folder").symlink_to(outside)
    (root / "inside" / "file").symlink_to(outside / "key")
    (root / "loop").symlink_to(root / "loop")
    for key in ("folder/key", "inside/file", "loop", "loop/key"):
        for attempt in (
            lambda key=key: store.read(key),
            lambda key=key: store.fetch(key, tmp_path),
            lambda key=key: store.write(key, b"y"),
            lambda key=key: store.delete(key),
            lambda key=key: store.list(key),
        ):
            with pytest.raises(StoreError, match="is a symbolic link"):
                attempt()
    assert files_below(outside) == ["key"]
    assert (outside / "key").read_bytes() == b"secret"
    assert store.read("inside/key") == b"x"


def test_the_root_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    store = open_store(str(tmp_path / "link"))
    store.write("a/key", b"x")
    assert store.url == str(tmp_path / "link")
    assert files_below(tmp_path / "disk") == ["a/key"]


def test_files_whose_names_are_no_keys_are_not_listed(store: Store, root: Path) -> None:
    store.write("key", b"x")
    (root / "back\\slash").touch()
    (root / "new\nline").touch()
    Path(os.fsdecode(os.fsencode(root) + b"/\xff")).touch()
    assert [entry.key for entry in store.list()] == ["key"]
