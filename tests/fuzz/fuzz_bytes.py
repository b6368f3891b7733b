"""Ways to spoil a file that need not know its format: a random source, bytes, bytes."""

from random import Random

NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1)
NUMBERS += (2**40, 2**62, 2**63 - 1, 2**63, 2**64 - 1)
DIGITS = ("0", "-1", "1e9", "1e999", "NaN", "9" * 20, "9" * 4000, str(2**31), "01")
DIGITS += (str(2**32), str(2**63), str(2**63 - 1), str(2**64), str(10**7), "1.5")


def flip_bits(rng: Random, data: bytes) -> bytes:
    spoiled = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 8))):
        if spoiled:
            spoiled[rng.randrange(len(spoiled))] ^= 1 << rng.randrange(8)
    return bytes(spoiled)


def set_bytes(rng: Random, data: bytes) -> bytes:
    spoiled = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8))):
        if spoiled:
            spoiled[rng.randrange(len(spoiled))] = rng.randrange(256)
    return bytes(spoiled)


def truncate(rng: Random, data: bytes) -> bytes:
    return data[: _place(rng, data)]


def behead(rng: Random, data: bytes) -> bytes:
    return data[_place(rng, data) :]


def delete_slice(rng: Random, data: bytes) -> bytes:
    begin, end = _slice(rng, data)
    return data[:begin] + data[end:]


def repeat_slice(rng: Random, data: bytes) -> bytes:
    begin, end = _slice(rng, data)
    times = rng.choice((1, 1, 2, 20))
    return data[:end] + data[begin:end] * times + data[end:]


def move_slice(rng: Random, data: bytes) -> bytes:
    begin, end = _slice(rng, data)
    rest = data[:begin] + data[end:]
    place = _place(rng, rest)
    return rest[:place] + data[begin:end] + rest[place:]


def insert(rng: Random, data: bytes) -> bytes:
    place = _place(rng, data)
    return data[:place] + rng.randbytes(rng.randint(1, 64)) + data[place:]


def blank_slice(rng: Random, data: bytes) -> bytes:
    begin, end = _slice(rng, data)
    return (
        data[:begin] + rng.choice((b"\0", b"\xff", b" ")) * (end - begin) + data[end:]
    )


def write_number(rng: Random, data: bytes) -> bytes:
    """An odd number where a length may stand."""
    size, order = rng.choice((1, 2, 4, 8)), rng.choice(("little", "big"))
    number = rng.choice((*NUMBERS, len(data), max(len(data) - 1, 0)))
    place = _place(rng, data)
    field = (number % 256**size).to_bytes(size, order)
    return data[:place] + field + data[place + size :]


def write_digits(rng: Random, data: bytes) -> bytes:
    """Another number where digits stand, as headers spell shapes."""
    start = _place(rng, data)
    begin = next((i for i in range(start, len(data)) if 48 <= data[i] <= 57), None)
    if begin is None:
        return write_number(rng, data)
    end = begin
    while end < len(data) and 48 <= data[end] <= 57:
        end += 1
    return data[:begin] + rng.choice(DIGITS).encode() + data[end:]


MUTATORS = (
    flip_bits,
    flip_bits,
    set_bytes,
    truncate,
    behead,
    delete_slice,
    repeat_slice,
    move_slice,
    insert,
    blank_slice,
    write_number,
    write_number,
    write_digits,
)


def spoil_bytes(rng: Random, data: bytes) -> bytes:
    """One mutation, sometimes a few, over each other."""
    for _ in range(rng.choice((1, 1, 1, 1, 2, 3))):
        data = rng.choice(MUTATORS)(rng, data)
    return data


def _place(rng: Random, data: bytes) -> int:
    """Anywhere; near the two ends, where tables of contents are, more often."""
    if rng.random() < 0.4:
        near = rng.randint(0, min(len(data), 128))
        return near if rng.random() < 0.5 else len(data) - near
    return rng.randint(0, len(data))


def _slice(rng: Random, data: bytes) -> tuple[int, int]:
    begin = _place(rng, data)
    return begin, min(len(data), begin + rng.choice((1, 2, 4, 8, 100, 5000)))
