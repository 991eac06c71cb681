"""Data sets with damage or traps in them: findings or one message, nothing written beside the store."""

import shutil
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kvjob.data.load import load
from kvjob.data.manifest import DatasetManifest
from kvjob.errors import DataError
from kvjob.records.checkpoint import FileSum
from kvjob.records.document import write_document
from kvjob.store import open_store
from tests.asking import ask
from tests.unit.fuzz.hostile import NAMES, damaged

FUZZ = settings.get_profile("fuzz")
STUDY = "{name: one, preset: smoke, base: {input_size: 32}, experiments: [{name: epochs, levels: [1]}]}"


@pytest.fixture(scope="module")
def few(tiny_data: Path) -> dict[str, bytes]:
    """Six images of the tiny data set, five to train on, by their paths."""
    train = (tiny_data / "train.txt").read_text().split()[:5]
    test = (tiny_data / "test.txt").read_text().split()[:1]
    paths = [path for kind in ("images", "masks") for path in (tiny_data / kind).iterdir()]
    files = {f"{path.parent.name}/{path.name}": path for path in paths if path.stem in {*train, *test}}
    lists = {"train.txt": "\n".join(train).encode(), "test.txt": "\n".join(test).encode()}
    return {**{name: path.read_bytes() for name, path in files.items()}, **lists}


def lay(files: dict[str, bytes], folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def use(data: Path) -> None:
    """Check and prepare; nothing lies anywhere else afterwards."""
    place, store = data.parent, data.with_name("store")
    before = {path.name for path in place.iterdir()}
    checked = ask("data", "check", data)
    words = ("--store", store, "--data", data, "--out", place / "out", "--cache", place / "cache")
    prepared = ask("prepare", STUDY, *words)
    assert (checked.code == 65) <= (prepared.code == 65)
    if prepared.code:
        assert not list(store.rglob("plan.json"))
    assert {path.name for path in place.iterdir()} <= before | {"store", "out", "cache"}


@settings(FUZZ, max_examples=max(10, FUZZ.max_examples // 2))
@given(data=st.data())
def test_a_damaged_file_of_a_data_set_is_named(data, few, tmp_path):
    name = data.draw(st.sampled_from(sorted(few)))
    lay({**few, name: data.draw(damaged(few[name]))}, tmp_path / "data")
    shutil.rmtree(tmp_path / "store", ignore_errors=True)
    use(tmp_path / "data")


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_split_that_names_a_trick_is_refused(name, few, tmp_path):
    lay(
        {**few, "train.txt": few["train.txt"] + b"\n" + name.encode("utf-8", "surrogatepass")},
        tmp_path / "data",
    )
    use(tmp_path / "data")


@pytest.mark.parametrize("name", [n for n in NAMES if len(n.encode("utf-8", "ignore")) < 5000], ids=ascii)
def test_a_zip_member_with_a_trick_for_a_name_is_written_nowhere(name, few, tmp_path):
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as archive:
        for each, data in few.items():
            archive.writestr(each, data)
        sound = name.encode("utf-8", "ignore").decode()
        archive.writestr(f"images/{sound}.jpg", b"x")
        archive.writestr(f"{sound}.jpg", b"x")
    use(tmp_path / "data.zip")


@pytest.mark.parametrize("name", [b"a\nb", b"\x1b[2J", b"\xff\xfe", b"..%2f", b"=cmd"])
def test_a_file_with_a_trick_for_a_name_is_named_safely(name, few, tmp_path):
    lay(few, tmp_path / "data")
    (Path(bytes(tmp_path / "data/images").decode()) / name.decode("utf-8", "surrogateescape")).with_suffix(
        ".jpg"
    ).write_bytes(b"x")
    use(tmp_path / "data")


def png(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)

    def part(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    data = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", header) + part(b"IDAT", data) + part(b"IEND", b"")


@pytest.mark.parametrize("size", [(60_000, 60_000), (2**31 - 1, 2**31 - 1), (0, 5), (2**32 - 1, 1)])
def test_a_picture_that_claims_gigabytes_is_refused_before_it_takes_them(size, few, tmp_path, memory):
    image = next(name for name in few if name.startswith("images/"))
    lay({**few, image: png(*size)}, tmp_path / "data")
    use(tmp_path / "data")


def test_links_and_pipes_in_a_data_set_hang_nothing(few, tmp_path):
    import os

    lay(few, tmp_path / "data")
    first, second, third = sorted((tmp_path / "data/images").iterdir())[:3]
    for path, made in ((first, "/dev/zero"), (second, str(second)), (third, None)):
        path.unlink()
        path.symlink_to(made) if made else os.mkfifo(path)
    use(tmp_path / "data")


MAGIC = b"\x93NUMPY\x01\x00"


def npy(header: bytes, body: bytes = b"") -> bytes:
    return MAGIC + struct.pack("<H", len(header)) + header + body


def described(kind: str, shape: str, order: str = "False") -> bytes:
    return f"{{'descr': {kind}, 'fortran_order': {order}, 'shape': {shape}, }}\n".encode()


SOUND = npy(described("'|u1'", "(2, 8, 8, 3)"), bytes(384))
PACKS = (
    npy(described("'|u1'", "(10000000000,)")),
    npy(described("'|u1'", "(100000, 100000)"), bytes(64)),
    npy(described("'|u1'", "(-1, 8)"), bytes(64)),
    npy(described("'|u1'", "(2, 8, 8, 3)"), bytes(10)),
    npy(described("'|O'", "(2, 8, 8, 3)"), b"cos\nsystem\n(S'touch /tmp/kvjob-was-here'\ntR."),
    npy(described("[('a', '|O')]", "(1,)"), b"cos\nsystem\n(S'touch /tmp/kvjob-was-here'\ntR."),
    npy(described("'<f8'", "(2, 8, 8, 3)"), bytes(384 * 8)),
    npy(described("'|u1'", "(2, 8, 8, 3)", "True"), bytes(384)),
    npy(described("'|u1'", "__import__('os')"), bytes(384)),
    npy(b"(" * 9000),
    npy(b"{" * 60000),
    npy(described("'|u1'", "(" + "9" * 5000 + ",)")),
    npy(described("'|V0'", "(2, 8, 8, 3)")),
    MAGIC,
    b"",
    b"cos\nsystem\n(S'touch /tmp/kvjob-was-here'\ntR.",
    b"PK\x03\x04" + bytes(60),
)


def map_pack(data: bytes, folder: Path) -> None:
    import hashlib

    store = open_store(str(folder / "store"))
    known = FileSum(size=len(data), sha256=hashlib.sha256(data).hexdigest())
    manifest = DatasetManifest(
        dataset="d" * 12, names=("a", "b"), train=(0,), test=(1,), native_sizes=((8, 8), (8, 8)),
        mask_shares=(0.1, 0.2), files={"images-8.npy": known, "masks-8.npy": known},
    )  # fmt: skip
    write_document(store, f"datasets/{'d' * 12}/manifest.json", manifest)
    for name in manifest.files:
        store.write(f"datasets/{'d' * 12}/{name}", data)
    with pytest.raises(DataError, match="array of"):
        load(store, "d" * 12, 8, 8, folder / "cache")


@pytest.mark.parametrize("data", PACKS, ids=range(len(PACKS)))
def test_a_pack_that_is_no_such_array_is_refused_and_nothing_in_it_is_run(data, tmp_path, memory):
    map_pack(data, tmp_path)
    assert not Path("/tmp/kvjob-was-here").exists()


@settings(FUZZ)
@given(data=damaged(SOUND))
def test_damage_to_a_pack_header_is_told(data, tmp_path):
    map_pack(data, tmp_path)  # images and masks share it, so one of them never fits


@pytest.mark.parametrize(
    "data", ["synthetic:" + "9" * 5000, "synthetic:9999999999", "x" * 5000, "a\0b", "store:../x", "store:"]
)
def test_a_data_set_that_cannot_be_is_refused(data, tmp_path):
    words = (
        "--store",
        tmp_path / "store",
        "--data",
        data,
        "--out",
        tmp_path / "out",
        "--cache",
        tmp_path / "cache",
    )
    assert ask("prepare", STUDY, *words).code in (65, 78)
