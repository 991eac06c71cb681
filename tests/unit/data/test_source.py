"""Data sets as folders and archives, well-formed and hostile."""

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from kvjob.data import dataset_hash, open_source
from kvjob.errors import DataError


def zip_folder(folder: Path, target: Path, top: str = "") -> Path:
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, top + path.relative_to(folder).as_posix())
    return target


def zip_official(folder: Path, target: Path, top: str = "", inner: str = "images/") -> Path:
    """As published: images.tar.gz and masks.tar.gz beside the splits."""
    with zipfile.ZipFile(target, "w") as archive:
        for kind in ("images", "masks"):
            packed = io.BytesIO()
            with tarfile.open(fileobj=packed, mode="w:gz") as tar:
                for path in sorted((folder / kind).iterdir()):
                    tar.add(path, (f"{kind}/" if inner else "") + path.name)
            archive.writestr(f"{top}{kind}.tar.gz", packed.getvalue())
        for split in ("train.txt", "test.txt"):
            archive.write(folder / split, top + split)
        archive.writestr(f"{top}bboxes.json", "{}")
    return target


def content(path: Path) -> dict[str, tuple[bytes, bytes]]:
    with open_source(path) as source:
        assert not source.findings
        assert len(source.train) == 6
        assert len(source.test) == 3
        return {name: (source.images[name].read(), source.masks[name].read()) for name in source.images}


@pytest.mark.parametrize(
    "form", ["plain zip", "zip with top folder", "official", "official with top folder", "official, flat"]
)
def test_every_form_of_a_data_set_is_the_same_data_set(dataset, tmp_path, form):
    target = tmp_path / "set.zip"
    if form.startswith("official"):
        top = "kvasir-instrument/" if "top" in form else ""
        zip_official(dataset, target, top, "" if "flat" in form else "images/")
    else:
        zip_folder(dataset, target, "some/" if "top" in form else "")
    assert content(target) == content(dataset)
    with open_source(target) as packed, open_source(dataset) as plain:
        assert dataset_hash(packed) == dataset_hash(plain)


def test_a_folder_around_the_data_set_is_tolerated(dataset, tmp_path):
    outer = tmp_path / "outer"
    outer.mkdir()
    (outer / "README").write_text("hello")
    expected = content(dataset)
    dataset.rename(outer / "kvasir-instrument")
    assert content(outer) == expected


def test_a_folder_may_hold_the_inner_archives(dataset, tmp_path):
    folder = tmp_path / "half"
    folder.mkdir()
    with zipfile.ZipFile(zip_official(dataset, tmp_path / "set.zip")) as archive:
        for name in ("images.tar.gz", "masks.tar.gz", "train.txt", "test.txt"):
            (folder / name).write_bytes(archive.read(name))
    assert content(folder) == content(dataset)


def test_names_in_splits_may_carry_their_suffix_and_windows_line_ends(dataset):
    (dataset / "test.txt").write_bytes(b"\xef\xbb\xbfb000.jpg\r\nb001.JPG\r\n\r\nb002\r\n")
    with open_source(dataset) as source:
        assert source.test == ("b000", "b001", "b002")


def test_unpacking_leaves_nothing_in_the_workspace(dataset, tmp_path):
    workspace = tmp_path / "work"
    with open_source(zip_official(dataset, tmp_path / "set.zip"), workspace) as source:
        assert source.images["a000"].read()
        assert list(workspace.iterdir()) == []
    assert list(workspace.iterdir()) == []


def test_members_that_lead_outside_are_reported_and_nothing_is_written(dataset, tmp_path):
    target = zip_folder(dataset, tmp_path / "set.zip")
    with zipfile.ZipFile(target, "a") as archive:
        for name in ("../../images/evil.jpg", "/images/evil2.jpg", "..\\images\\evil3.jpg"):
            archive.writestr(name, b"x")
    with open_source(target) as source:
        assert len(source.findings) == 3
        assert all("leads out" in finding.message for finding in source.findings)
        assert not any("evil" in name for name in source.images)


def test_links_and_tricks_inside_a_tar_are_never_followed(dataset, tmp_path):
    secret = tmp_path / "secret.jpg"
    secret.write_bytes(b"secret")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for path in (dataset / "images").iterdir():
            tar.add(path, f"images/{path.name}")
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
            link = tarfile.TarInfo(f"images/link{kind.decode()}.jpg")
            link.type, link.linkname = kind, str(secret)
            tar.addfile(link)
        trick = tarfile.TarInfo("../../../escaped.jpg")
        tar.addfile(trick, io.BytesIO(b""))
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "images.tar.gz").write_bytes(packed.getvalue())
    with open_source(folder) as source:
        assert set(source.images) == {path.stem for path in (dataset / "images").iterdir()}
        assert any("leads out" in finding.message for finding in source.findings)
    assert not list(tmp_path.rglob("escaped*"))


@pytest.mark.parametrize("cut", [0.3, 0.9])
def test_a_truncated_inner_archive_is_named(dataset, tmp_path, cut):
    whole = zip_official(dataset, tmp_path / "set.zip")
    with zipfile.ZipFile(whole) as archive:
        data = archive.read("images.tar.gz")
    folder = tmp_path / "half"
    folder.mkdir()
    (folder / "images.tar.gz").write_bytes(data[: int(len(data) * cut)])
    with pytest.raises(DataError, match=r"images\.tar\.gz: damaged archive"):
        open_source(folder)


def test_what_is_no_data_set_is_refused_with_the_layout(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "note.txt").write_text("x")
    for path, said in (("empty", "layout"), ("missing", "no such"), ("note.txt", "not a readable zip")):
        with pytest.raises(DataError, match=said) as refused:
            open_source(tmp_path / path)
        assert str(tmp_path / path) in str(refused.value)


def test_an_encrypted_zip_is_refused(dataset, tmp_path):
    target = zip_folder(dataset, tmp_path / "set.zip")
    data = bytearray(target.read_bytes())
    position = data.index(b"PK\x01\x02")
    data[position + 8] |= 1
    target.write_bytes(data)
    with pytest.raises(DataError, match="encrypted"):
        open_source(target)
