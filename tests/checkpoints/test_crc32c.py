"""CRC-32C against known values and against the definition, bit by bit."""

import numpy as np
import pytest

from kewen.checkpoints.crc32c import LENGTH, POLYNOMIAL, RUN_BYTES, crc32c, masked


def by_definition(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (POLYNOMIAL if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", 0),
        (b"123456789", 0xE3069283),
        (bytes(32), 0x8A9136AA),  # RFC 3720, B.4
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
    ],
)
def test_crc32c_gives_the_published_values(data, expected):
    assert crc32c(np.frombuffer(data, np.uint8)) == expected


@pytest.mark.parametrize(
    "size",
    [
        *(1, 2, 3, 4, 5, 7, 8, 9, 63, 64, 65, 1000),
        *(8 * LENGTH, 8 * LENGTH + 1, 4 * RUN_BYTES + 12345),
        *(2 * RUN_BYTES - 1, 2 * RUN_BYTES, 2 * RUN_BYTES + 1),
    ],
)
def test_crc32c_equals_its_definition_at_every_kind_of_length(size):
    data = np.random.default_rng(size).integers(0, 256, size, dtype=np.uint8)
    assert crc32c(data) == by_definition(data.tobytes())


def test_crc32c_of_several_batches_notices_one_flipped_bit():
    data = np.zeros(70 * RUN_BYTES + 3, np.uint8)
    before = crc32c(data)
    data[12345] = 1
    assert crc32c(data) != before


def test_the_mask_is_that_of_leveldb():
    # LevelDB's own header: rotate right by 15 bits and add the delta 0xa282ead8.
    assert masked(0) == 0xA282EAD8
    assert masked(1) == (1 << 17) + 0xA282EAD8
