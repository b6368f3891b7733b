"""Ways to spoil what lies under a checksum or a syntax, which is then made right again.

A flipped byte in a zip archive only proves that CRCs are looked at. What a stranger
writes has right checksums and valid JSON, and lies all the same.
"""

import gzip
import io
import json
import pickletools
import warnings
import zipfile
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from fuzz_bytes import spoil_bytes

from kewen.checkpoints.tf_table import read_table
from kewen.checkpoints.tf_table_writing import table_bytes
from kewen.protobuf import BadMessage, fields, varint_of

VALUES = (None, True, False, 0, 1, -1, 2, 3, 64, 2**31, 2**63, 2**64, 10**30, 10**4000)
VALUES += (-(2**63), 0.5, -0.0, 1e308, float("nan"), float("inf"), "", "a", "[CLS]")
VALUES += ("../x", "/etc/passwd", "\0", "\ud800", "é" * 300, "x\ny", "\x1b[2J", "0")
VALUES += ([], {}, [[]], [0], [1, 2, 3], {"": ""}, {"a": {"b": []}}, ["a"] * 100)
VALUES += ("bert", "roberta", "float32", "Infinity", "F32", "I64", "BOOL")


def spoil_json(rng: Random, data: bytes) -> bytes:
    """Valid JSON that says something else."""
    value = json.loads(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        value = _other(rng, value)
    text = json.dumps(value, ensure_ascii=rng.random() < 0.5)
    return text.encode("utf-8", "surrogatepass")


def _other(rng: Random, value: object, depth: int = 0) -> object:
    """The value with one node replaced, removed, added, nested or swapped."""
    if isinstance(value, dict) and value and (depth == 0 or rng.random() < 0.7):
        key = rng.choice(list(value))
        match rng.randrange(8):
            case 0:
                return {k: v for k, v in value.items() if k != key}
            case 1:
                return value | {_name(rng): value[key]}
            case 2:
                other = rng.choice(list(value))
                return value | {key: value[other], other: value[key]}
            case _:
                return value | {key: _other(rng, value[key], depth + 1)}
    if isinstance(value, list) and value and rng.random() < 0.7:
        place = rng.randrange(len(value))
        match rng.randrange(5):
            case 0:
                return value[:place] + value[place + 1 :]
            case 1:
                return [*value, value[place]]
            case _:
                other = _other(rng, value[place], depth + 1)
                return [*value[:place], other, *value[place + 1 :]]
    if isinstance(value, int) and rng.random() < 0.4:
        return value + rng.choice((-1, 1, value, 100000))
    if rng.random() < 0.05:
        nested: object = value
        for _ in range(rng.choice((3, 80, 150))):
            nested = [nested] if rng.random() < 0.5 else {"a": nested}
        return nested
    return rng.choice(VALUES)


def _name(rng: Random) -> str:
    return str(rng.choice([v for v in VALUES if isinstance(v, str)]))


def spoil_json_lines(rng: Random, data: bytes) -> bytes:
    lines = data.split(b"\n")
    place = rng.choice([i for i, line in enumerate(lines) if line])
    lines[place] = spoil_json(rng, lines[place])
    return b"\n".join(lines)


def spoil_safetensors(rng: Random, data: bytes) -> bytes:
    """A header that says something else, of the length that stands before it."""
    length = int.from_bytes(data[:8], "little")
    header = spoil_json(rng, data[8 : 8 + length])
    return len(header).to_bytes(8, "little") + header + data[8 + length :]


def spoil_gzip(rng: Random, data: bytes) -> bytes:
    return gzip.compress(spoil_bytes(rng, gzip.decompress(data)), 1, mtime=0)


def spoil_table(rng: Random, data: bytes) -> bytes:
    """A TensorFlow index with right CRCs, one of whose records is another."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "index"
        path.write_bytes(data)
        table = read_table(path)
    for _ in range(rng.choice((1, 1, 3))):
        key = rng.choice(list(table))
        value = table.pop(key)
        match rng.randrange(6):
            case 0:
                pass
            case 1:
                table[spoil_bytes(rng, key)] = value
            case 2:
                table[key] = table[rng.choice(list(table))] if table else b""
            case _:
                table[key] = spoil_bytes(rng, value)
        table = table or {b"": b""}
    return table_bytes(table)


def spoil_zip(rng: Random, data: bytes) -> bytes:
    """An archive with right CRCs, one of whose entries is another."""
    found = entries(data)
    name = rng.choice(list(found))
    content = found[name]
    pairs = [(k, v) for k, v in found.items() if k != name]
    match rng.randrange(9):
        case 0:
            pass
        case 1:
            pairs += [(name, content), (name, spoil_bytes(rng, content))]
        case 2:
            odd = (
                "../x",
                "/x",
                "a/../../x",
                "x" * 5000,
                "x\\..\\y",
                "\x1b[2J.npy",
                ".",
            )
            pairs.append((rng.choice(odd), content))
        case 3:
            pairs.append((name, found[rng.choice(list(found))]))
        case 4 | 5 if name.endswith(".pkl"):
            pairs.append((name, spoil_pickle(rng, content)))
        case 4 | 5 if name.endswith(".json"):
            pairs.append((name, spoil_json(rng, content)))
        case 6:
            pairs.append((name, content + bytes(rng.choice((1, 10**6, 3 * 10**7)))))
        case _:
            pairs.append((name, spoil_bytes(rng, content)))
    made = io.BytesIO()
    kind = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    with (
        warnings.catch_warnings(),
        zipfile.ZipFile(made, "w", kind, compresslevel=1) as archive,
    ):
        warnings.simplefilter("ignore")  # of names that are there twice: meant
        for each, body in pairs:
            archive.writestr(each, body)
    return made.getvalue()


def spoil_torch_zip(rng: Random, data: bytes) -> bytes:
    """An archive whose pickle, most often, is another program."""
    if rng.random() < 0.3:
        return spoil_zip(rng, data)
    found = entries(data)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in found.items():
            is_pickle = name.endswith("data.pkl")
            archive.writestr(name, spoil_pickle(rng, content) if is_pickle else content)
    return made.getvalue()


def spoil_torch_legacy(rng: Random, data: bytes) -> bytes:
    """The five pickles of the form before zip, of which the fourth is the content."""
    ends = pickle_ends(data)
    which = rng.choice((1, 2, 3, 3, 3, 4))
    begin, end = ends[which], ends[which + 1]
    return data[:begin] + spoil_pickle(rng, data[begin:end]) + data[end:]


def pickle_ends(data: bytes) -> list[int]:
    """Where each of the five pickles of a legacy file ends, and 0 before."""
    stream = io.BytesIO(data)
    ends = [0]
    for _ in range(5):
        for _ in pickletools.genops(stream):
            pass
        ends.append(stream.tell())
    return ends


def spoil_pickle(rng: Random, data: bytes) -> bytes:
    """Instructions removed, repeated, exchanged, or made others."""
    starts = [place for _, _, place in pickletools.genops(data)]
    steps = [data[a:b] for a, b in zip(starts, [*starts[1:], len(data)], strict=True)]
    for _ in range(rng.choice((1, 1, 2, 5))):
        place = rng.randrange(len(steps))
        match rng.randrange(7):
            case 0:
                del steps[place]
            case 1:
                steps.insert(place, steps[place])
            case 2:
                steps.insert(place, rng.choice(steps))
            case 3:
                steps[place] = rng.choice(steps)
            case 4:
                steps[place] = instruction(rng)
            case 5:
                steps.insert(place, instruction(rng))
            case _:
                steps[place] = spoil_bytes(rng, steps[place])
        steps = steps or [b"."]
    return b"".join(steps)


def instruction(rng: Random) -> bytes:
    whole = (
        b"cos\nsystem\n",
        b"cbuiltins\neval\n",
        b"ctorch\nfloat32\n",
        b"ccollections\nOrderedDict\n",
        b"\x8a\x08" + b"\xff" * 7 + b"\x7f",
        b"\x8b\xd0\x07\x00\x00" + b"\x7f" * 2000,  # a number of 4,800 digits
        b"I-1\n",
        b"F1e999\n",
        b"X\x01\x00\x00\x00a",
        b"h\x00",
        b"q\x00",
        b"]",
        b"}",
        b")",
        b"N",
        b"(",
        b"R",
        b"b",
        b"s",
        b"u",
        b"a",
        b"e",
        b"t",
        b"0",
        b"2",
        b".",
    )
    if rng.random() < 0.8:
        return rng.choice(whole)
    return rng.choice(pickletools.opcodes).code.encode("latin-1") + rng.randbytes(
        rng.choice((0, 1, 4, 8))
    )


def entries(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def spoil_lines(rng: Random, data: bytes) -> bytes:
    """Lines that are gone, twice there, elsewhere, or joined with another."""
    lines = data.split(b"\n")
    a, b = rng.randrange(len(lines)), rng.randrange(len(lines))
    changed = rng.choice(
        (lines[b], lines[a] + b" " + lines[b], lines[b] + lines[a], lines[a].title())
    )
    return b"\n".join([*lines[:a], changed, *lines[a + rng.randrange(2) :]])


def spoil_message(rng: Random, data: bytes) -> bytes:
    """A protocol buffer of whole fields, some of which are others."""
    parts: list[tuple[int, int | bytes]] = [
        (number << 3 | kind, value) for number, kind, value in fields(data)
    ]
    for _ in range(rng.choice((1, 1, 4))):
        at = rng.randrange(len(parts))
        key, value = parts[at]
        if isinstance(value, bytes) and value and rng.random() < 0.7:
            try:
                inner = spoil_message(rng, value)
            except BadMessage:
                inner = spoil_bytes(rng, value)
            parts[at] = (key, inner)
        else:
            other = rng.choice((0, 1, 2, 6, 1 << 31, (1 << 64) - 1))
            parts[at : at + rng.randrange(2)] = [
                rng.choice(((key, value), (rng.randrange(1, 300) << 3, other)))
            ]
    return b"".join(_field(key, value) for key, value in parts)


def _field(key: int, value: int | bytes) -> bytes:
    if isinstance(value, bytes):
        return varint_of(key) + varint_of(len(value)) + value
    if key & 7 == 0:
        return varint_of(key) + varint_of(value)
    return varint_of(key) + value.to_bytes(4 if key & 7 == 5 else 8, "little")
