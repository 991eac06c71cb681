"""Whether the bytes of a JPEG or PNG are all there, told from the file's structure alone.

Decoders are too kind: many an OpenCV fills the missing part of a truncated JPEG with grey and says nothing.
"""

import struct
import zlib

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
JPEG_START, JPEG_END = b"\xff\xd8", b"\xff\xd9"
JPEG_SCAN = 0xDA
JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}

MOST_PIXELS = 100_000_000
"""A file of a few bytes can claim a size that no memory holds; nothing in endoscopy comes near this one."""


def damage(data: bytes) -> str | None:
    """What is wrong with the file that data holds, in words; None if it is a whole JPEG or PNG."""
    if not data:
        return "the file is empty"
    if data.startswith(PNG_SIGNATURE):
        return _png_damage(data)
    if data.startswith(JPEG_START):
        return _jpeg_damage(data)
    return "neither a JPEG nor a PNG"


def _jpeg_damage(data: bytes) -> str | None:
    """Walk the header's segments to the picture itself, which an end marker must follow.

    Searching the whole file would find the end marker of a thumbnail inside the header. Inside the
    picture's own data the encoder never lets those two bytes occur.
    """
    position = len(JPEG_START)
    while position + 9 <= len(data):
        if data[position] != 0xFF:
            return "damaged JPEG header"
        marker, length = struct.unpack_from(">BH", data, position + 1)
        if marker == 0xFF:
            position += 1
            continue
        if marker in JPEG_FRAMES and (wrong := _size_problem(*struct.unpack_from(">HH", data, position + 5))):
            return wrong
        position += 2 + length
        if marker == JPEG_SCAN:
            return None if data.find(JPEG_END, position) >= 0 else "truncated JPEG: its end is missing"
    return "truncated JPEG: it ends within its header"


def _png_damage(data: bytes) -> str | None:
    position = len(PNG_SIGNATURE)
    while position + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        end = position + 8 + length
        if end + 4 > len(data):
            break
        if zlib.crc32(data[position + 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
            return f"damaged PNG: wrong checksum of its {kind.decode('latin-1')!r} part"
        if (
            kind == b"IHDR"
            and length >= 8
            and (wrong := _size_problem(*struct.unpack_from(">II", data, position + 8)))
        ):
            return wrong
        if kind == b"IEND":
            return None
        position = end + 4
    return "truncated PNG: its end is missing"


def _size_problem(one: int, other: int) -> str | None:
    return f"{one} x {other} pixels are more than {MOST_PIXELS:,}" if one * other > MOST_PIXELS else None
