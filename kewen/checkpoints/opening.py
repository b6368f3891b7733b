"""From what a user names (a file, a TensorFlow prefix, a folder) to a checkpoint."""

from collections.abc import Callable
from pathlib import Path

from kewen.checkpoints.checkpoint import Checkpoint
from kewen.checkpoints.gguf_file import MAGIC, GgufFile
from kewen.checkpoints.npz_file import NpzFile
from kewen.checkpoints.safetensors_file import SafetensorsFile
from kewen.checkpoints.sharded import Sharded
from kewen.checkpoints.source_file import SourceFile
from kewen.checkpoints.tf_bundle import TFBundle, index_of
from kewen.checkpoints.tf_table import is_table
from kewen.checkpoints.torch_file import LEGACY_STARTS, TorchFile
from kewen.checkpoints.zip_archive import ZipArchive
from kewen.errors import CheckpointError, NotFoundError

# In order of preference; a folder may hold the same weights more than once.
FILE_NAMES = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
    "model.pt",
    "model.pth",
)


def open_checkpoint(path: Path | str) -> Checkpoint:
    """Open the weights that a path names; only the table of contents is read.

    Args:
        path: a weight file or its index; the prefix of a TensorFlow checkpoint
            (`dir/bert_model.ckpt`) or any of its files; or a folder with one of these.

    Returns:
        A lazy mapping from name to array.

    Raises:
        NotFoundError: if nothing is there, or the folder holds no weights.
        CheckpointError: if a file is corrupt, hostile or of an unknown kind, or if a
            folder holds several checkpoints and one must be chosen.
    """
    path = Path(path)
    if path.is_dir():
        return _open_folder(path)
    if path.is_file():
        return _open_file(path)
    if index_of(path).is_file():
        return TFBundle(path)
    raise NotFoundError(
        f"A weight file, a TensorFlow prefix or a model folder is needed at {path}. "
        f"Received: neither {path.name} nor {path.name}.index is there. Check the path."
    )


def _open_folder(folder: Path) -> Checkpoint:
    for name in FILE_NAMES:
        if (folder / name).is_file():
            return _open_file(folder / name)
    bundles = [path for path in sorted(folder.glob("*.index")) if _has_bundle(path)]
    safe, keras = sorted(folder.glob("*.safetensors")), sorted(folder.glob("*.keras"))
    gguf = sorted(folder.glob("*.gguf"))
    for found in (bundles, safe, gguf, keras, _npz_of(folder)):
        if len(found) > 1:
            raise CheckpointError(
                f"The folder {folder} must hold one checkpoint. Received: "
                f"{', '.join(path.name for path in found)}. Name one of them."
            )
        if found:
            return _open_file(found[0])
    raise NotFoundError(
        f"{folder} is a model folder without weights. Looked for: "
        f"{', '.join(FILE_NAMES)}, *.index (TensorFlow), *.safetensors, *.gguf, *.npz. "
        f"Received: {_listed(folder)}. Download the weights into it in one of these "
        "formats, or name the file that holds them."
    )


def _listed(folder: Path) -> str:
    """Files that might be taken for weights, such as flax_model.msgpack."""
    small = (".json", ".txt", ".md", ".model", ".gitattributes")
    names = [each.name for each in folder.iterdir() if each.is_file()]
    return ", ".join(sorted(n for n in names if not n.endswith(small))[:9]) or "none"


def _has_bundle(index: Path) -> bool:
    """Whether it is TensorFlow's, by its end or, if that is corrupt, by its shards."""
    shards = f"{index.stem}.data-"
    beside = (path.name for path in index.parent.iterdir())
    return is_table(index) or any(name.startswith(shards) for name in beside)


def _npz_of(folder: Path) -> list[Path]:
    preferred = folder / "model.npz"
    return [preferred] if preferred.is_file() else sorted(folder.glob("*.npz"))


def _open_file(path: Path) -> Checkpoint:
    """Open a file by its name where that is clear, else by its first bytes."""
    if path.name.endswith(".json"):
        return Sharded(path, _open_shard)
    bundle = _bundle_of(path)
    if bundle is not None:
        return TFBundle(bundle)
    return _open_shard(path)


def _open_shard(path: Path) -> Checkpoint:
    """Open a file that is a checkpoint by itself: no index, no bundle."""
    return _reader_of(path)(path)


def _bundle_of(path: Path) -> Path | None:
    """The prefix of the TensorFlow checkpoint that a file belongs to, if it does."""
    stem, mark, _ = path.name.rpartition(".data-")
    if path.suffix in (".index", ".meta"):
        stem, mark = path.stem, path.suffix
    prefix = path.with_name(stem) if mark else None
    return prefix if prefix is not None and index_of(prefix).is_file() else None


def _reader_of(path: Path) -> Callable[[Path], Checkpoint]:
    file = SourceFile(path)
    start = file.read(0, min(file.size, 32)).tobytes()
    if start[:4] == b"PK\x03\x04":
        entries = list(ZipArchive(path))
        is_torch = any(name.endswith("data.pkl") for name in entries)
        is_npz = bool(entries) and all(name.endswith(".npy") for name in entries)
        if is_torch or is_npz:
            return TorchFile if is_torch else NpzFile
    elif start[:4] == MAGIC or path.suffix == ".gguf":
        return GgufFile
    elif path.suffix == ".safetensors" or start[8:9] == b"{":
        return SafetensorsFile
    elif start.startswith(LEGACY_STARTS) or path.suffix in (".bin", ".pt", ".pth"):
        return TorchFile
    raise CheckpointError(
        f"{path} must be safetensors, a torch file, a TensorFlow checkpoint, GGUF "
        f"or .npz. "
        f"Received: {_kind_of(path, start)}. {_ADVICE}"
    )


def _kind_of(path: Path, start: bytes) -> str:
    if start[:4] == b"\x89HDF":
        return "an HDF5 file, such as Keras' .h5"
    if path.suffix == ".keras":
        return (
            "a Keras archive: kewen.load opens it, kewen inspect lists it without "
            "--json, and Pretrained.save writes safetensors"
        )
    if path.suffix in (".index", ".ckpt"):
        return "a TensorFlow checkpoint without its other files, or of format V1"
    if start.startswith(b"version https://git-lfs"):
        return "a Git LFS pointer instead of the file itself"
    return f"a file that begins with {start[:9]!r}"


_ADVICE = "Convert it to safetensors with the program that wrote it."
