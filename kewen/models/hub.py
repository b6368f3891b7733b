"""From what a user typed to a folder on this machine."""

from pathlib import Path

from kewen.errors import NotFoundError
from kewen.files.exchange import bring_back
from kewen.files.home import expanded

WANTED = ["*.json", "*.txt", "*.safetensors", "*.model", "*.bin", "*.ckpt.*", "*.keras"]


def locate(name: str | Path) -> Path:
    """A path as it is; anything else is a hub id, downloaded or found in the cache.

    `HF_ENDPOINT` names a mirror, `HF_HUB_OFFLINE=1` forbids the network, as always with
    huggingface_hub.

    Raises:
        NotFoundError: if there is neither such a path nor such a model to be had.
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
    # Late: importing it takes a third of a second that folders do not need.
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(str(name), allow_patterns=WANTED))
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
    return len(parts) <= 2 and all(
        part and part[0].isalnum() and not part.endswith(".keras") for part in parts
    )


def _first_line(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), "no reason")
