"""The `.index` of a TensorFlow bundle: a sorted table of keys and values in blocks.

The format is LevelDB's: a footer leads to an index block, that one to data blocks; keys
share prefixes with the key before; every block ends with its compression and a CRC-32C.
"""

from pathlib import Path

import numpy as np

from kewen.checkpoints.crc32c import crc32c, masked
from kewen.checkpoints.source_file import SourceFile
from kewen.errors import CheckpointError
from kewen.protobuf import BadMessage, varint

FOOTER_BYTES = 48
MAGIC = (0xDB4775248B80FB57).to_bytes(8, "little")
TRAILER_BYTES = 5  # compression, CRC
MAX_TABLE_BYTES = 1 << 28
MAX_KEY_BYTES, MAX_KEY_RATIO = 1 << 16, 16  # of a block's keys, spelled out


def is_table(path: Path) -> bool:
    """Whether a file ends with the table's magic number."""
    file = SourceFile(path)
    return file.size >= FOOTER_BYTES and file.read(file.size - 8, 8).tobytes() == MAGIC


def read_table(path: Path) -> dict[bytes, bytes]:
    """All keys and values of a table, every block checked.

    Raises:
        CheckpointError: if a block is corrupt or compressed, or the file no table.
    """
    if not is_table(path):
        raise CheckpointError(
            f"{path} must be the index of a TensorFlow checkpoint of format V2. "
            "Received: a file without its magic number, so it is truncated or of "
            "another kind. Download it again."
        )
    file = SourceFile(path)
    if file.size > MAX_TABLE_BYTES:
        raise CheckpointError(
            f"{path} must be an index of at most {MAX_TABLE_BYTES} bytes. Received: "
            f"{file.size} bytes. Name the checkpoint's own index."
        )
    data = file.read(0, file.size).tobytes()
    try:
        return _read_blocks(data)
    except BadMessage as error:
        raise CheckpointError(
            f"{path} must be a sound index of a TensorFlow checkpoint. Received: "
            f"{error}. The file is corrupt: download it again."
        ) from error


def _read_blocks(data: bytes) -> dict[bytes, bytes]:
    position = len(data) - FOOTER_BYTES
    for _ in range(2):  # the handle of the unused meta block
        _, position = varint(data, position)
    offset, position = varint(data, position)
    size, _ = varint(data, position)
    table: dict[bytes, bytes] = {}
    reached = 0
    for _, handle in _read_block(data, offset, size):
        block_offset, behind = varint(handle, 0)
        block_size, _ = varint(handle, behind)
        if block_offset < reached:  # else a small file could name one block for ever
            raise BadMessage("blocks that overlap")
        reached = block_offset + block_size
        for key, value in _read_block(data, block_offset, block_size):
            if key in table:
                raise BadMessage(f"the key {key[:80]!r} twice")
            table[key] = value
    return table


def _read_block(data: bytes, offset: int, size: int) -> list[tuple[bytes, bytes]]:
    """Keys and values of one block."""
    end = offset + size
    if end + TRAILER_BYTES > len(data):
        raise BadMessage(f"a block that should end at byte {end} of {len(data)}")
    stated = int.from_bytes(data[end + 1 : end + TRAILER_BYTES], "little")
    if stated != masked(crc32c(np.frombuffer(data[offset : end + 1], np.uint8))):
        raise BadMessage(f"a block at byte {offset} whose CRC is wrong")
    if data[end] != 0:
        raise BadMessage(
            f"a block in compression {data[end]}, which TensorFlow itself never writes "
            "here (save the checkpoint again with tf.train.Saver)"
        )
    return _parse_block(data[offset:end])


def _parse_block(block: bytes) -> list[tuple[bytes, bytes]]:
    restarts = int.from_bytes(block[-4:], "little")
    end = len(block) - 4 - 4 * restarts
    if len(block) < 4 or end < 0:
        raise BadMessage("a block without its restart points")
    pairs: list[tuple[bytes, bytes]] = []
    key, position = b"", 0
    budget = MAX_KEY_RATIO * len(block) + MAX_KEY_BYTES
    while position < end:
        shared, position = varint(block, position)
        own, position = varint(block, position)
        length, position = varint(block, position)
        budget -= shared + own
        if budget < 0:
            raise BadMessage("keys that share prefixes of absurd lengths")
        if shared > len(key) or position + own + length > end:
            raise BadMessage("an entry that ends outside its block")
        key = key[:shared] + block[position : position + own]
        position += own
        pairs.append((key, block[position : position + length]))
        position += length
    return pairs
