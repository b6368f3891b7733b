"""What a stranger's file can do: each claim of docs/strangers.md is a test here.

And one test for each kind of mistake that spoiled files have found in the readers.
"""

import gzip
import io
import json
import os
import pickle
import struct
import zipfile

import fuzz_formats
import keras
import numpy as np
import pytest
from fuzz_readers import KEWEN
from fuzz_sound_files import GOLDEN, keras_archive, small_model
from tokenizers import Regex, models, normalizers, pre_tokenizers, processors
from tokenizers import Tokenizer as Library

import kewen
from kewen.checkpoints import open_checkpoint
from kewen.checkpoints.torch_pickle import unpickle
from kewen.data import lines
from kewen.data.readers import read_examples
from kewen.errors import (
    CheckpointError,
    ConfigError,
    DataError,
    FileError,
    KewenError,
    VocabularyError,
    WeightsError,
)
from kewen.files import Rotation
from kewen.text import Tokenizer

HUGE = 10**4999  # Python refuses to print it


def written(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def everything(path):
    with open_checkpoint(path) as checkpoint:
        return {name: checkpoint[name] for name in checkpoint}


# Shapes that overflow


def safetensors(shape):
    entry = {"dtype": "F32", "shape": shape, "data_offsets": [0, 0]}
    header = json.dumps({"x": entry}).encode()
    return len(header).to_bytes(8, "little") + header


def npz(shape):
    said = {"descr": "<f4", "fortran_order": False, "shape": tuple(shape)}
    header = f"{said}\n".encode()
    start = b"\x93NUMPY\x01\0" + struct.pack("<H", len(header))
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("x.npy", start + header)
    return made.getvalue()


def torch_zip(content, *storages):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x/data.pkl", content)
        for k, data in enumerate(storages):
            archive.writestr(f"x/data/{k}", data)
    return made.getvalue()


def number(value):
    data = pickle.encode_long(value)
    return b"\x8b" + struct.pack("<i", len(data)) + data


def tensor(shape, key=b"X\x01\0\0\0w"):
    """A pickle of one tensor under a key."""
    text = lambda word: b"X" + struct.pack("<I", len(word)) + word
    storage = text(b"storage") + b"ctorch\nFloatStorage\n" + text(b"0") + text(b"cpu")
    axes = b"(" + b"".join(map(number, shape)) + b"t"
    ones = b"(" + number(1) * len(shape) + b"t"
    return (b"\x80\x02}" + key + b"ctorch._utils\n_rebuild_tensor_v2\n((" + storage) + (
        number(1) + b"tQ" + number(0) + axes + ones + b"\x89}tRs."
    )


OVERFLOWS = ([0, 2**70], [0, 2**62, 2**62], [0] * 65)


@pytest.mark.parametrize("shape", OVERFLOWS, ids=["axis", "product", "axes"])
@pytest.mark.parametrize("kind", ["safetensors", "npz", "torch"])
def test_an_empty_shape_that_overflows_is_refused(tmp_path, shape, kind):
    content = {
        "safetensors": safetensors,
        "npz": npz,
        "torch": lambda shape: torch_zip(tensor(shape), bytes(4)),
    }[kind](shape)
    with pytest.raises(CheckpointError):
        everything(written(tmp_path / "x.bin", content))


# Names


@pytest.mark.parametrize(
    "name",
    [
        "../w",
        "/etc/passwd",
        "..",
        "a/b",
        "a\\b",
        "c:w",
        "\ud800",
        "a\0",
        "é" * 128,
        7,
        [],
    ],
)
def test_an_index_names_plain_files_only(tmp_path, name):
    index = json.dumps({"weight_map": {"x": name}})
    written(tmp_path / "model.safetensors.index.json", index)
    with pytest.raises(CheckpointError, match="files of its own folder"):
        open_checkpoint(tmp_path)


def test_links_to_plain_files_are_followed_as_caches_need(tmp_path):
    blob = written(tmp_path / "blobs" / "1", safetensors([0]))
    (tmp_path / "snapshot").mkdir()
    (tmp_path / "snapshot" / "model.safetensors").symlink_to("../blobs/1")
    assert blob.exists()
    assert everything(tmp_path / "snapshot")["x"].shape == (0,)


SPECIAL = {
    "model.safetensors.index.json": open_checkpoint,
    "vocab.txt": Tokenizer.from_folder,
    "tokenizer.json": Tokenizer.from_folder,
    "tokenizer_config.json": Tokenizer.from_folder,
    "rotation.json": lambda folder: Rotation(folder).names,
}


@pytest.mark.parametrize("name", SPECIAL)
@pytest.mark.parametrize("kind", ["pipe", "device"])
@pytest.mark.timeout(60)
def test_pipes_and_devices_are_no_files(tmp_path, name, kind):
    for file, content in small_model().items():
        written(tmp_path / file, content)
    (tmp_path / name).unlink(missing_ok=True)
    at = tmp_path / name
    if name.endswith("index.json"):
        written(at, json.dumps({"weight_map": {"x": "shard"}}))
        (tmp_path / "model.safetensors").unlink()
        at = tmp_path / "shard"
    if kind == "pipe":
        os.mkfifo(at)
    else:
        at.symlink_to("/dev/zero")
    with pytest.raises(KewenError, match="pipe, device"):
        SPECIAL[name](tmp_path)


def test_a_manifest_with_a_name_that_no_file_can_have_is_refused(tmp_path):
    entry = {"name": "x" * 300, "files": None, "finished": True}
    written(tmp_path / "rotation.json", json.dumps({"written": [entry]}))
    with pytest.raises(FileError, match="plain name"):
        _ = Rotation(tmp_path).latest


# Pickles


def test_a_key_of_thousands_of_digits_is_refused(tmp_path):
    content = torch_zip(tensor([1], key=number(HUGE)), bytes(4))
    with pytest.raises(CheckpointError, match="dictionary key"):
        everything(written(tmp_path / "x.pt", content))


def test_a_tuple_of_tuples_of_tuples_is_not_spelled_out():
    # Twice the tuple before, a hundred times: 2**100 of them, were it printed.
    laugh = b"]q\0" + b"h\0h\0\x86q\0" * 100
    shape = b"ctorch\nSize\n(" + laugh + b"t\x85R"
    with pytest.raises(CheckpointError, match="whole numbers"):
        unpickle(io.BytesIO(b"\x80\x02" + shape + b"."), "x.pt")


def test_a_legacy_file_whose_keys_are_odd_is_refused(tmp_path):
    data = (GOLDEN / "huggingface/bert_bin_legacy/pytorch_model.bin").read_bytes()
    ends = fuzz_formats.pickle_ends(data)
    keys = b"\x80\x02]" + number(HUGE) + b"a."
    with pytest.raises(CheckpointError, match="of no tensor"):
        everything(
            written(tmp_path / "x.bin", data[: ends[4]] + keys + data[ends[5] :])
        )


# Archives


def test_a_bomb_of_a_pickle_is_refused_by_its_stated_size(tmp_path):
    bomb = torch_zip(b"\x80\x02" + b"N" * (1 << 26) + b".")
    assert len(bomb) < 1 << 17
    with pytest.raises(CheckpointError, match=r"data\.pkl of at most"):
        open_checkpoint(written(tmp_path / "x.pt", bomb))


def test_an_archive_that_would_inflate_to_gigabytes_is_refused(tmp_path):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("x.npy", "w") as entry:
            for _ in range(300):
                entry.write(bytes(1 << 20))
    with pytest.raises(CheckpointError, match="a zip bomb"):
        open_checkpoint(written(tmp_path / "x.npz", made.getvalue()))


def test_an_entry_without_a_name_is_refused(tmp_path):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("x", b"")
    content = made.getvalue().replace(b"PK\x01\x02", b"PK\x01\x02", 1)
    at = content.index(b"PK\x01\x02")
    content = content[: at + 28] + bytes(2) + b"\x01\0" + content[at + 32 :]
    with pytest.raises(CheckpointError, match="without a name"):
        open_checkpoint(written(tmp_path / "x.npz", content))


def test_a_gzip_bomb_of_blank_lines_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "MAX_INFLATED_CHARS", 1 << 20)
    path = written(tmp_path / "x.tsv.gz", gzip.compress(b"\n" * (4 << 20)))
    with pytest.raises(DataError, match="times its size"):
        list(read_examples(path))


# Configs and models


def folder_with(tmp_path, config, kewen_json=None):
    files = small_model()
    said = json.loads(files["config.json"]) | config
    for name, content in files.items():
        written(tmp_path / name, content)
    written(tmp_path / "config.json", json.dumps(said))
    if kewen_json is not None:
        written(tmp_path / "kewen.json", json.dumps(kewen_json))
    return tmp_path


@pytest.mark.parametrize("value", [10**4000, 2**63, -(10**4000)])
@pytest.mark.parametrize(
    "key", ["hidden_size", "vocab_size", "initializer_range", "max_position_embeddings"]
)
def test_a_size_that_no_model_has_is_refused(tmp_path, key, value):
    with pytest.raises(ConfigError) as caught:
        kewen.load(folder_with(tmp_path, {key: value}))
    assert len(str(caught.value)) < 1000


def test_more_layers_than_the_weights_have_tensors_are_refused(tmp_path):
    thin = {"hidden_size": 1, "num_attention_heads": 1, "intermediate_size": 1}
    with pytest.raises(ConfigError, match="100000 layers"):
        kewen.load(folder_with(tmp_path, {"num_hidden_layers": 100_000, **thin}))


def test_a_task_with_a_length_of_thousands_of_digits_is_refused_or_cut(tmp_path):
    task = kewen.load_task(folder_with(tmp_path, {}, KEWEN | {"max_length": 10**4000}))
    assert task.max_length <= 512


def keras_with(path, change):
    """A saved model whose description of itself is changed."""
    entries = fuzz_formats.entries(keras_archive())
    said = json.loads(entries["config.json"])
    change(said)
    entries["config.json"] = json.dumps(said).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


DENSE = {"module": "keras.layers", "class_name": "Dense", "registered_name": None}
DENSE |= {"config": {"units": 1 << 20}, "build_config": {"input_shape": [1, 1 << 20]}}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda said: said["config"]["config"].update(vocabulary_size=2**30), "sizes"),
        (lambda said: said["config"]["config"].update(num_labels=2**30), "sizes"),
        (lambda said: said["config"]["config"].update(num_layers=2**20), "layers"),
        (lambda said: said["config"].update(dtype=DENSE), "dtype policy"),
        (lambda said: said["config"].update(family="os"), "family"),
        (lambda said: said.update(DENSE), "a model of kewen's"),
        (lambda said: said.update(registered_name="os>system"), "a model of kewen's"),
    ],
)
def test_keras_builds_nothing_of_an_archive_that_is_no_model_of_ours(
    tmp_path, monkeypatch, change, error
):
    path = keras_with(tmp_path / "model.keras", change)
    monkeypatch.setattr(keras.saving, "load_model", lambda *_, **__: pytest.fail())
    with pytest.raises((CheckpointError, WeightsError), match=error):
        kewen.load(path)


def test_an_archive_that_was_not_changed_is_opened(tmp_path):
    path = keras_with(tmp_path / "model.keras", lambda said: None)
    assert kewen.load(path).config.hidden_dim == 32


# Tokenizers


def saved_library(folder, **parts):
    library = Library(models.WordLevel({"[UNK]": 0, "a": 1}, unk_token="[UNK]"))
    for name, part in parts.items():
        setattr(library, name, part)
    library.save(str(folder / "tokenizer.json"))
    return folder


def test_replacements_that_double_forty_times_are_refused(tmp_path):
    doubling = normalizers.Sequence([normalizers.Replace("a", "aa")] * 40)
    with pytest.raises(VocabularyError, match="times as long"):
        Tokenizer.from_folder(saved_library(tmp_path, normalizer=doubling))


def test_usual_replacements_are_taken(tmp_path):
    usual = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")] * 2
        + [normalizers.Replace(Regex(" {2,}"), "▁")]
    )
    Tokenizer.from_folder(saved_library(tmp_path, normalizer=usual))("a b")


def test_a_pattern_that_takes_for_ever_is_given_up(tmp_path):
    slow = pre_tokenizers.Split(Regex("(x+x+)+y"), "removed")
    tokenizer = Tokenizer.from_folder(saved_library(tmp_path, pre_tokenizer=slow))
    with pytest.raises(VocabularyError, match="retry-limit"):
        tokenizer("x" * 60)


def test_a_template_with_a_token_that_nobody_knows_is_refused(tmp_path):
    template = processors.TemplateProcessing(
        single="[CLS] $A", pair="[CLS] $A $B", special_tokens=[("[CLS]", 0)]
    )
    saved_library(tmp_path, post_processor=template)
    path = tmp_path / "tokenizer.json"
    said = json.loads(path.read_text("utf-8"))
    said["post_processor"]["special_tokens"] = {}
    path.write_text(json.dumps(said), "utf-8")
    with pytest.raises(VocabularyError):
        Tokenizer.from_folder(tmp_path)


@pytest.mark.parametrize(("token_id", "segment"), [(2**31, 0), (0, 2**31)])
def test_a_template_with_numbers_beyond_int32_is_refused(tmp_path, token_id, segment):
    template = processors.TemplateProcessing(
        single=f"[CLS]:{segment} $A", special_tokens=[("[CLS]", token_id)]
    )
    saved_library(tmp_path, post_processor=template)
    with pytest.raises(VocabularyError, match="at most 2147483647"):
        Tokenizer.from_folder(tmp_path)


def test_half_a_character_is_no_special_token(tmp_path):
    saved_library(tmp_path)
    settings = {"cls_token": "\ud800", "sep_token": {"content": "\udfff"}}
    written(tmp_path / "special_tokens_map.json", json.dumps(settings))
    assert Tokenizer.from_folder(tmp_path).cls_id is None


def test_nothing_of_an_object_array_is_unpickled(tmp_path):
    np.savez(tmp_path / "x.npz", x=np.array([{}], object))
    with pytest.raises(CheckpointError, match="never unpickled"):
        open_checkpoint(tmp_path / "x.npz")
