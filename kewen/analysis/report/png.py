"""Tiny pictures for HTML pages: one ink in sixteen strengths, written with zlib.

Strength is opacity, so the same picture sits on a light and on a dark page.
"""

import base64
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

NUM_LEVELS = 16  # what four bits a pixel hold
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_INDEXED = 3  # colour type: each pixel is a row of the palette


def ink_png(levels: NDArray[np.uint8], ink: tuple[int, int, int]) -> bytes:
    """Draw a picture of one pixel a number.

    Args:
        levels: uint8, (height, width), each in [0, 16): 0 is clear, 15 is full ink.
        ink: red, green, blue, each in [0, 256).

    Returns:
        The bytes of a PNG file.
    Source: PNG specification, third edition, sections 5, 9.2 and 11.
    """
    height, width = levels.shape
    even = np.pad(levels, ((0, 0), (0, width % 2)))
    packed = (even[:, 0::2] << 4) | even[:, 1::2]
    # Filter type 0 (none) before each line of pixels.
    lines = np.pad(packed, ((0, 0), (1, 0))).astype(np.uint8).tobytes()
    opacity = bytes(255 * level // (NUM_LEVELS - 1) for level in range(NUM_LEVELS))
    header = struct.pack(">IIBBBBB", width, height, 4, _INDEXED, 0, 0, 0)
    return _SIGNATURE + b"".join(
        [
            _chunk(b"IHDR", header),
            _chunk(b"PLTE", bytes(ink) * NUM_LEVELS),
            _chunk(b"tRNS", opacity),
            _chunk(b"IDAT", zlib.compress(lines, 9)),
            _chunk(b"IEND", b""),
        ]
    )


def data_uri(png: bytes) -> str:
    """The picture as an address that holds the picture itself."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + checksum
