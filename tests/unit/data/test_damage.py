"""Whether bytes are a whole JPEG or PNG."""

import struct
import zlib

import cv2
import numpy as np
import pytest

from kvjob.data.damage import damage

PIXELS = np.random.default_rng(0).integers(0, 255, (40, 50, 3), dtype=np.uint8)
JPEG = cv2.imencode(".jpg", PIXELS)[1].tobytes()
PROGRESSIVE = cv2.imencode(".jpg", PIXELS, (cv2.IMWRITE_JPEG_PROGRESSIVE, 1))[1].tobytes()
PNG = cv2.imencode(".png", PIXELS)[1].tobytes()


@pytest.mark.parametrize("data", [JPEG, PROGRESSIVE, PNG], ids=["jpeg", "progressive", "png"])
def test_a_whole_file_is_sound_and_every_truncation_is_not(data):
    assert damage(data) is None
    assert damage(data + b"trailing bytes of a camera") is None
    for end in (*range(40), *range(40, len(data), 97), len(data) - 1):
        assert damage(data[:end]) is not None, end


def test_the_end_of_a_thumbnail_is_not_the_end_of_the_picture():
    thumbnail = cv2.imencode(".jpg", PIXELS[:8, :8])[1].tobytes()
    header = b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 2) + thumbnail
    with_thumbnail = JPEG[:2] + header + JPEG[2:]
    assert damage(with_thumbnail) is None
    assert damage(with_thumbnail[: len(with_thumbnail) - 300]) == "truncated JPEG: its end is missing"


def test_one_wrong_bit_in_a_png_is_told_by_its_checksum():
    for position in (20, len(PNG) // 2):
        wrong = bytearray(PNG)
        wrong[position] ^= 1
        assert "wrong checksum" in damage(bytes(wrong))


def test_a_picture_that_claims_to_be_huge_is_refused_before_it_is_decoded():
    header = struct.pack(">II", 60_000, 60_000) + b"\x08\x02\x00\x00\x00"
    part = b"IHDR" + header
    png = PNG[:8] + struct.pack(">I", len(header)) + part + struct.pack(">I", zlib.crc32(part)) + PNG[33:]
    assert "60000 x 60000" in damage(png)
    frame = JPEG.index(b"\xff\xc0")
    jpeg = JPEG[: frame + 5] + struct.pack(">HH", 60_000, 60_000) + JPEG[frame + 9 :]
    assert "60000 x 60000" in damage(jpeg)


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"GIF89a", b"\xff\xd8", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"]
)
def test_what_is_no_picture_is_said_to_be_none(data):
    assert damage(data)
