"""Fetching the data set: from the address to a checked folder in the official layout."""

from pathlib import Path

import pytest

from kvjob.data import fetch, open_source
from kvjob.data.synth.write import MARKER
from kvjob.errors import ConfigurationError, DataError
from tests.unit.data.file_server import serving
from tests.unit.data.small_data import write_dataset
from tests.unit.data.test_source import zip_official


@pytest.fixture(scope="module")
def published(tmp_path_factory) -> Path:
    """An archive with the counts and the form of the published one; its images are tiny."""
    folder = tmp_path_factory.mktemp("published")
    data = write_dataset(folder / "data", train=472, test=118, side=16)
    return zip_official(data, folder / "kvasir-instrument.zip", "kvasir-instrument/")


def test_the_data_set_arrives_in_its_layout(published, tmp_path):
    bytes_told, images_told = [], []
    folder = tmp_path / "new" / "data"
    with serving(published.read_bytes()) as server:
        fetch(
            folder, server.url, lambda *done: bytes_told.append(done), lambda *done: images_told.append(done)
        )
        assert {path.name for path in folder.iterdir()} == {
            "images",
            "masks",
            "train.txt",
            "test.txt",
            "kvasir-instrument.zip",
        }
        with open_source(folder) as source:
            assert (len(source.train), len(source.test), len(source.images)) == (472, 118, 590)
        fetch(folder, server.url)
        assert len(server.asked) == 1
    assert bytes_told[-1][0] == published.stat().st_size
    assert images_told[-1] == (590, 590)


def test_an_archive_placed_by_hand_is_not_downloaded(published, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "kvasir-instrument.zip").write_bytes(published.read_bytes())
    fetch(folder, "http://127.0.0.1:9/x.zip")
    assert len(list((folder / "images").iterdir())) == 590


def test_an_unpacking_that_was_interrupted_is_done_again(published, tmp_path):
    folder = tmp_path / "data"
    (folder / "images").mkdir(parents=True)
    (folder / "images/half.jpg").write_bytes(b"x")
    (folder / ".unpacking/masks").mkdir(parents=True)
    (folder / "kvasir-instrument.zip").write_bytes(published.read_bytes())
    fetch(folder, "http://127.0.0.1:9/x.zip")
    assert not (folder / "images/half.jpg").exists()
    assert not (folder / ".unpacking").exists()


def test_a_damaged_archive_is_named_with_what_to_do(published, tmp_path):
    data = bytearray(published.read_bytes())
    data[len(data) // 2] ^= 1
    with serving(bytes(data)) as server, pytest.raises(DataError, match=r"damaged.*Delete it"):
        fetch(tmp_path / "data", server.url)
    assert not (tmp_path / "data/images").exists()


def test_an_archive_of_something_else_is_refused(tmp_path):
    few = zip_official(write_dataset(tmp_path / "few"), tmp_path / "few.zip")
    with (
        serving(few.read_bytes()) as server,
        pytest.raises(DataError, match="9 images, 6 to train and 3"),
    ):
        fetch(tmp_path / "data", server.url)
    with serving(b"<html>a login page</html>") as server, pytest.raises(DataError, match="damaged"):
        fetch(tmp_path / "other", server.url)


def test_images_of_somebody_else_beside_the_archive_are_not_replaced(published, tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "images/mine.jpg").write_bytes(b"x")
    (tmp_path / "kvasir-instrument.zip").write_bytes(published.read_bytes())
    with pytest.raises(ConfigurationError, match="new or empty folder"):
        fetch(tmp_path, "http://127.0.0.1:9/x.zip")
    assert (tmp_path / "images/mine.jpg").exists()


@pytest.mark.parametrize("name", ["thesis.docx", MARKER])
def test_a_folder_with_other_files_is_left_alone(tmp_path, name):
    (tmp_path / name).write_text("x")
    (tmp_path / "test.txt").write_text("x") if name == MARKER else None
    with pytest.raises(ConfigurationError, match="new or empty folder"):
        fetch(tmp_path, "http://127.0.0.1:9/x.zip")
