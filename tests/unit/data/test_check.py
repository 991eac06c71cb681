"""Every fault of a data set is found and named by its file."""

import cv2
import numpy as np
import pytest

from kvjob.data import check, open_source, require
from kvjob.data.finding import error, warning
from kvjob.errors import DataError
from tests.unit.data.small_data import write_pair


def only(findings, severity, file, *said):
    """There is one finding: of this severity, about this file, saying this."""
    assert [(finding.severity, finding.file) for finding in findings] == [(severity, file)], findings
    for part in said:
        assert part in findings[0].message


def test_a_sound_data_set_has_no_findings(dataset, found):
    assert found(dataset) == []


def test_an_image_without_mask_and_a_mask_without_image_are_named(dataset, found):
    (dataset / "masks/a001.png").unlink()
    only(found(dataset), "error", "images/a001.jpg", "has no mask")
    (dataset / "images/a001.jpg").unlink()
    only(found(dataset), "error", "train.txt", "'a001'", "there is no image")
    write_pair(dataset, "a001")
    (dataset / "images/a001.jpg").unlink()
    assert {finding.file for finding in found(dataset)} == {"train.txt", "masks/a001.png"}


def test_a_mask_of_another_size_is_named_with_both_sizes(dataset, found):
    cv2.imwrite(str(dataset / "masks/b000.png"), np.zeros((30, 20, 3), np.uint8))
    only(found(dataset), "error", "masks/b000.png", "20 x 30", "40 x 32")


@pytest.mark.parametrize("file", ["images/a003.jpg", "masks/a003.png"])
def test_a_truncated_file_is_named(dataset, found, file):
    path = dataset / file
    path.write_bytes(path.read_bytes()[:-20])
    only(found(dataset), "error", file, "truncated")


def test_a_damaged_jpeg_is_named(dataset, found):
    path = dataset / "images/a003.jpg"
    data = path.read_bytes()
    path.write_bytes(data[:2] + bytes(100) + data[102:])
    only(found(dataset), "error", "images/a003.jpg", "damaged")


def test_an_empty_file_is_named(dataset, found):
    (dataset / "images/a003.jpg").write_bytes(b"")
    only(found(dataset), "error", "images/a003.jpg", "empty")


def test_an_empty_mask_is_a_warning(dataset, found):
    write_pair(dataset, "a002", marked=0)
    only(found(dataset), "warning", "masks/a002.png", "empty")


def test_a_mask_that_covers_all_is_a_warning(dataset, found):
    write_pair(dataset, "a002", marked=40)
    only(found(dataset), "warning", "masks/a002.png", "inverted")


@pytest.mark.parametrize("white", [1, 128, 200])
def test_a_mask_without_white_is_not_binary(dataset, found, white):
    mask = np.zeros((32, 40, 3), np.uint8)
    mask[:9] = white
    cv2.imwrite(str(dataset / "masks/a002.png"), mask)
    only(found(dataset), "error", "masks/a002.png", "not binary", f"{white}")


def test_a_grey_map_is_not_binary(dataset, found):
    ramp = np.tile(np.linspace(0, 255, 40).astype(np.uint8), (32, 1))
    cv2.imwrite(str(dataset / "masks/a002.png"), ramp)
    only(found(dataset), "error", "masks/a002.png", "not binary")


def test_a_mask_stored_as_jpeg_is_tolerated(tmp_path, found):
    for name in ("a", "b"):
        write_pair(tmp_path, name, 256, 100)
        mask = cv2.imread(str(tmp_path / f"masks/{name}.png"))
        (tmp_path / f"masks/{name}.png").unlink()
        cv2.imwrite(str(tmp_path / f"masks/{name}.jpg"), mask)
    (tmp_path / "train.txt").write_text("a\n")
    (tmp_path / "test.txt").write_text("b\n")
    assert found(tmp_path) == []


def test_a_name_in_both_splits_and_a_name_twice_in_one_are_named(dataset, found):
    (dataset / "test.txt").write_text("b000\nb001\nb002\na000\n")
    only(found(dataset), "error", "test.txt", "'a000'", "train.txt")
    (dataset / "test.txt").write_text("b000\nb001\nb002\nb001\n")
    only(found(dataset), "error", "test.txt", "'b001' 2 times")


def test_an_image_in_no_split_is_a_warning(dataset, found):
    write_pair(dataset, "c000")
    only(found(dataset), "warning", "images/c000.jpg", "neither split")


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "..\\x", "a/b", ".hidden", "x" * 300, "c:x"]
)
def test_a_name_with_a_path_trick_is_refused(dataset, found, name):
    with (dataset / "train.txt").open("a") as file:
        file.write(name + "\n")
    only(found(dataset), "error", "train.txt", "plain name")


def test_missing_empty_and_undecodable_splits_are_named(dataset, found):
    (dataset / "test.txt").write_text("\n \n")
    assert error("test.txt", "names no image") in found(dataset)
    (dataset / "test.txt").write_bytes(b"\xff\xfe\x00a")
    assert error("test.txt", "not a text file in UTF-8") in found(dataset)
    (dataset / "test.txt").unlink()
    assert error("test.txt", "missing") in found(dataset)


def test_two_images_of_one_name_are_an_error(dataset, found):
    (dataset / "images/a000.png").write_bytes(b"x")
    findings = [finding for finding in found(dataset) if "second file" in finding.message]
    only(findings, "error", "images/a000.png", "images/a000.jpg")


def test_files_of_other_kinds_do_not_disturb(dataset, found):
    for stray in ("images/Thumbs.db", "images/.DS_Store", "bboxes.json", "masks/._a000.png"):
        (dataset / stray).write_bytes(b"x")
    assert found(dataset) == []


def test_names_that_would_take_over_a_terminal_are_told_harmlessly(dataset, found):
    (dataset / "images/\x1b[2J.jpg").write_bytes(b"x")
    only(found(dataset), "error", "images/\\x1b[2J.jpg", "has no mask")


def test_progress_reaches_the_number_of_pairs(dataset):
    told = []
    with open_source(dataset) as source:
        check(source, lambda done, total: told.append((done, total)))
    assert told == [(done, 9) for done in range(1, 10)]


def test_require_lists_the_first_errors_and_how_to_see_all():
    require([warning("masks/a.png", "is empty")], "DIR")
    errors = [error(f"images/{index}.jpg", "truncated") for index in range(8)]
    with pytest.raises(DataError) as refused:
        require(errors, "DIR")
    message = str(refused.value)
    assert "8 errors" in message
    assert "images/4.jpg" in message
    assert "images/5.jpg" not in message
    assert "and 3 more" in message
    assert "`kvjob data check DIR`" in message
