"""Sound files of each format, small, before anything is spoiled."""

import io
import json
import struct
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from kewen.text import Tokenizer

GOLDEN = Path(__file__).parent.parent / "golden"


def golden(folder: str, *names: str) -> dict[str, bytes]:
    return {name: (GOLDEN / folder / name).read_bytes() for name in names}


def gguf() -> bytes:
    """A plain tensor and a quantised one, behind numbers, words and a list of words."""

    def text(word: str) -> bytes:
        return struct.pack("<Q", len(word.encode())) + word.encode()

    pairs = [
        text("general.architecture") + struct.pack("<I", 8) + text("llama"),
        text("llama.block_count") + struct.pack("<II", 4, 2),
        text("tokens") + struct.pack("<IIQ", 9, 8, 2) + text("中") + text("国"),
        text("scores") + struct.pack("<IIQ2f", 9, 6, 2, 0.5, 1.5),
    ]
    tensors = [
        text("a.weight") + struct.pack("<IQQIQ", 2, 4, 3, 0, 0),
        text("b.weight") + struct.pack("<IQQIQ", 2, 64, 2, 8, 64),
    ]
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(pairs))
    head += b"".join([*pairs, *tensors])
    plain = np.arange(12, dtype="<f4").tobytes()
    block = np.float16(0.5).tobytes() + np.arange(32, dtype="i1").tobytes()
    return head + bytes(-len(head) % 32) + plain + bytes(16) + 4 * block


def npz(compressed: bool = False, **arrays: Any) -> bytes:
    made = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(made, **arrays)
    return made.getvalue()


ARRAYS = {
    "a": np.arange(12, dtype="f4").reshape(3, 4),
    "b": np.arange(6).reshape(2, 3).T,
    "c": np.float64(2.5),
    "d": np.zeros((0, 3), bool),
}
TRACED = {"token_ids": np.ones((2, 5), int), "padding_mask": np.ones((2, 5), bool)}
TSV = "text\tlabel\n" + "".join(f'今天 "{i}"\t{i % 3}\n' for i in range(20))
CSV = "text,label\n" + "".join(f'"今天, ""{i}""\nja",{i % 3}\n' for i in range(20))
JSONL = "".join(
    json.dumps({"text": f"今天 {i}", "label": i % 3, "n": [1.5, None]}) + "\n"
    for i in range(20)
)
WORDS = "[PAD] [UNK] [CLS] [SEP] [MASK] 今 天 气 真 不 错 hello world ##s b ##b , !"
VOCABULARY = "\n".join(WORDS.split()).encode() + b"\n"
CONFIG = json.dumps(
    {"do_lower_case": True, "cls_token": "[CLS]", "sep_token": {"content": "[SEP]"}}
).encode()
MANIFEST = json.dumps(
    {
        "written": [
            {"name": "step-1", "files": ["a", "b/c"], "finished": True},
            {"name": "step-2.txt", "files": None, "finished": False},
        ]
    }
).encode()


def small_model() -> dict[str, bytes]:
    files = golden("huggingface/bert_sequence_classification", "config.json")
    files |= golden("huggingface/bert_sequence_classification", "model.safetensors")
    rows = json.loads(files["config.json"])["vocab_size"]
    words = WORDS.split()
    words += [f"[unused{i}]" for i in range(rows - len(words))]
    files["vocab.txt"] = "\n".join(words).encode()
    files["tokenizer_config.json"] = CONFIG
    return files


def tokenizer_json() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "vocab.txt"
        path.write_bytes(VOCABULARY)
        Tokenizer.from_file(path).save(Path(folder) / "out")
        return (Path(folder) / "out" / "tokenizer.json").read_bytes()


def keras_archive() -> bytes:
    import kewen

    with TemporaryDirectory() as folder:
        kewen.load(GOLDEN / "huggingface/bert_model").save(f"{folder}/m", "keras")
        return Path(folder, "m", "model.keras").read_bytes()
