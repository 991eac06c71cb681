"""From what a workflow's parameter says to a data set on this machine."""

import shutil
from pathlib import Path

import pytest

from kvjob.data import dataset_hash, open_source
from kvjob.errors import ConfigurationError, DataError
from kvjob.prepare import obtain
from kvjob.store import open_store


def quiet(_done: int, _total: int) -> None:
    pass


@pytest.fixture
def store(tmp_path):
    return open_store(str(tmp_path / "store"))


def identity(path) -> str:
    with open_source(path) as source:
        return dataset_hash(source)


def test_a_path_is_taken_as_it_is(store, tiny_data, tmp_path):
    assert obtain(str(tiny_data), store, tmp_path, quiet) == tiny_data


def test_images_are_made_and_made_once(store, tmp_path):
    made = obtain("synthetic:10", store, tmp_path / "work", quiet)
    before = {path: path.stat().st_mtime_ns for path in made.rglob("*.jpg")}
    assert len(before) == 10
    assert obtain("synthetic:10", store, tmp_path / "work", quiet) == made
    assert before == {path: path.stat().st_mtime_ns for path in made.rglob("*.jpg")}


def test_a_folder_and_a_zip_in_the_store_are_the_data_set(store, tiny_data, tmp_path):
    for path in tiny_data.rglob("*"):
        if path.is_file():
            store.upload(f"incoming/tiny/{path.relative_to(tiny_data)}", path)
    archive = shutil.make_archive(str(tmp_path / "tiny"), "zip", tiny_data)
    store.write("incoming/tiny.zip", Path(archive).read_bytes())
    for data in ("store:incoming/tiny", "store:incoming/tiny/", "store:incoming/tiny.zip"):
        assert identity(obtain(data, store, tmp_path / "work", quiet)) == identity(tiny_data)


@pytest.mark.parametrize(
    ("data", "error", "said"),
    [
        ("kvasiir", ConfigurationError, "there is no 'kvasiir'. Give kvasir .downloaded., synthetic:IMAGES"),
        ("synthetic:", ConfigurationError, "'synthetic:' is no number of images"),
        ("synthetic:ten", ConfigurationError, "'synthetic:ten' is no number of images"),
        ("synthetic:3", ConfigurationError, "3 is out of range"),
        ("store:", DataError, "nothing lies under ''"),
        ("store:none", DataError, "nothing lies under 'none'"),
        ("store:none.zip", DataError, "nothing lies under 'none.zip'"),
        ("store:../up", ConfigurationError, r"\.\./up"),
    ],
)
def test_what_names_no_data_set_is_told(data, error, said, store, tmp_path):
    with pytest.raises(error, match=said):
        obtain(data, store, tmp_path / "work", quiet)
