"""From what a user typed to a folder, or a file, on this machine."""

from pathlib import Path

from kewen.errors import NotFoundError
from kewen.files.exchange import bring_back
from kewen.files.home import expanded

WEIGHTS = ["*.safetensors", "*.bin", "*.ckpt.*", "*.keras"]
WANTED = ["*.json", "*.txt", "*.model", *WEIGHTS]


def locate(name: str | Path) -> Path:
    """A path as it is; anything else is a hub id, downloaded or found in the cache.

    A repository without weights of other kinds may hold a GGUF file; one of several is
    named as owner/name/file.gguf. `HF_ENDPOINT` names a mirror, `HF_HUB_OFFLINE=1`
    forbids the network, as always with huggingface_hub.

    Raises:
        NotFoundError: if there is neither such a path nor such a model to be had, or
            its repository has no weights that kewen reads, or several GGUF files.
    """
    if not str(name).strip():
        raise NotFoundError(
            "A model must have a name: a folder, a .keras file, or a hub id. Received: "
            "nothing. For the working folder, say . (a dot)."
        )
    path = expanded(name)
    bring_back(path)
    if path.exists() or path.with_name(f"{path.name}.index").is_file():
        return path  # the latter is the prefix of a TensorFlow checkpoint
    if not _may_be_hub_id(str(name)):
        raise NotFoundError(
            f"A model is a folder, a .keras file, or a hub id such as owner/name. "
            f"Received: {name}, which does not exist here."
        )
    try:
        return _downloaded(str(name))
    except NotFoundError:
        raise
    except Exception as error:  # its network stack raises dozens of kinds
        raise NotFoundError(
            f"Neither a folder {path.absolute()} nor a model {name!r} on the hub could "
            f"be found ({type(error).__name__}: {_first_line(error)}). Without "
            "a network, copy the model's files (config.json, model.safetensors, "
            "tokenizer.json or vocab.txt) into a folder and pass its path; a mirror "
            "is named by the variable HF_ENDPOINT."
        ) from error


def _may_be_hub_id(name: str) -> bool:
    parts = name.split("/")
    is_file = len(parts) > 2 and name.endswith(".gguf")
    return (len(parts) <= 2 or is_file) and all(
        part and part[0].isalnum() and not part.endswith(".keras") for part in parts
    )


def _downloaded(name: str) -> Path:
    # Late: importing it takes a third of a second that folders do not need.
    from huggingface_hub import HfApi, hf_hub_download, snapshot_download

    owner, _, rest = name.partition("/")
    model, _, file = rest.partition("/")
    if file:
        return Path(hf_hub_download(f"{owner}/{model}", file))
    folder = Path(snapshot_download(name, allow_patterns=WANTED))
    if any(path for pattern in WEIGHTS for path in folder.rglob(pattern)):
        return folder
    if len(here := sorted(folder.rglob("*.gguf"))) == 1:
        return here[0]
    files = sorted(HfApi().list_repo_files(name))
    found = [each for each in files if each.endswith(".gguf")]
    if len(found) == 1:
        return Path(hf_hub_download(name, found[0]))
    if found:
        raise NotFoundError(
            f"One GGUF file of {name} must be named, such as {name}/{found[0]}. "
            f"Received: {name}, which holds {', '.join(found)}."
        )
    raise NotFoundError(
        f"{name} must hold weights as safetensors, torch's .bin, a TensorFlow "
        f"checkpoint, .keras or .gguf. Received: {', '.join(files) or 'no files'}. "
        "Take another copy of the model, or save it as safetensors with the library "
        "that wrote it."
    )


def _first_line(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), "no reason")
