"""`kewen inspect`: what is in a weight file, and what a model would make of it."""

import json
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kewen.cli.inspect_config import write_sizes
from kewen.cli.json_lines import json_line
from kewen.cli.surroundings import prepare
from kewen.errors import CheckpointError, ConfigError, KewenError
from kewen.visible import visible

if TYPE_CHECKING:
    from kewen.checkpoints import Account, Checkpoint

EXAMPLES = """
kewen inspect DIR
kewen inspect chinese_L-12_H-768_A-12/bert_model.ckpt
kewen inspect DIR --json --digests > tensors.jsonl
kewen inspect --config config.json --length 2048
kewen inspect --config gpt2_ml/config.json --family gpt2_ml
"""
HEAD = ("tensor", "shape", "dtype", "becomes")


def inspect(
    folder: Annotated[
        str | None, typer.Argument(metavar="DIR", help="Model folder or hub id.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a tensor; no account.")
    ] = False,
    digests: Annotated[
        bool, typer.Option("--digests", help="With --json: the SHA-256 of the values.")
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", help="Instead: what the model of a config.json takes."
        ),
    ] = None,
    family: Annotated[
        str | None,
        typer.Option(help="Where the files do not tell, as bert or gpt2_ml."),
    ] = None,
    length: Annotated[
        int | None,
        typer.Option(min=1, help="With --config: tokens of a text (512)."),
    ] = None,
) -> None:
    """List the tensors of a checkpoint, and account for every one of them.

    With --json only files are read: no model is built, and DIR is a path.

    With --config, a folder or a config.json, no weights are needed: parameters, memory,
    KV cache and FLOPs are counted; --json gives them as an object.
    """
    if (folder is None) == (config is None):
        raise ConfigError(
            "inspect takes a model, or a config alone. Received: "
            f"{'neither' if folder is None else 'both'}. Type: kewen inspect DIR, or "
            "kewen inspect --config config.json"
        )
    if config is not None:
        if digests:
            raise ConfigError(
                "--digests are of weights, and a config has none. Received: --config "
                "with --digests. Leave one out."
            )
        prepare()
        write_sizes(config, family, length, as_json)
        return
    if length is not None:
        raise ConfigError(
            "--length is for counting from a config. Received: no --config. Type: "
            f"kewen inspect --config {folder} --length {length}"
        )
    if digests and not as_json:
        raise ConfigError(
            "--digests are for programs and come with --json. Received: no --json. "
            f"Type: kewen inspect {folder} --json --digests"
        )
    if as_json:
        if family is not None:
            raise ConfigError(
                "--family is for the account and for --config; --json lists a file as "
                f"it is. Received: --family {family} with --json. Leave it out."
            )
        _write_json(Path(str(folder)), digests)
        return
    prepare()
    _write_table(str(folder), family)


def _write_json(path: Path, with_digests: bool) -> None:
    """JSON Lines and nothing else, sorted by name."""
    from kewen.checkpoints import open_checkpoint

    with open_checkpoint(path) as checkpoint:
        for record in _records(checkpoint, with_digests):
            sys.stdout.write(json_line(record))


def _records(checkpoint: "Checkpoint", with_digests: bool) -> Iterator[Any]:
    from kewen.checkpoints import digests

    if with_digests:
        yield from digests(checkpoint)
        return
    for name in sorted(checkpoint):
        shape, dtype, file = _facts(checkpoint, name)
        yield {"name": name, "shape": shape, "dtype": dtype, "path": file}


def _facts(checkpoint: "Checkpoint", name: str) -> tuple[list[int], str, str]:
    """Shape, dtype and file name of a tensor, nothing of it read."""
    from kewen.checkpoints.checkpoint import TEXT

    info = checkpoint.info(name)
    dtype = "string" if info.dtype == TEXT else info.dtype.name
    return list(info.shape), dtype, info.file.name


def _write_table(name: str, family: str | None) -> None:
    from kewen.checkpoints import open_checkpoint
    from kewen.models.hub import locate

    path = locate(name)
    if path.suffix == ".keras" or (path / "model.keras").is_file():
        _write_keras_table(path)
        return
    with open_checkpoint(path) as checkpoint:
        account, reason = _account(path, family)
        fates = _fates(account) if account else {}
        rows: list[Sequence[str]] = []
        for tensor in sorted(checkpoint):
            shape, dtype, _ = _facts(checkpoint, tensor)
            shown = tensor.replace("\n", r"\n")
            rows.append([shown, _shown(shape), dtype, fates.get(tensor, "")])
        size = sum(checkpoint.info(tensor).nbytes for tensor in checkpoint)
        sys.stdout.write(
            f"{checkpoint.path} ({checkpoint.format}): {len(checkpoint)} tensors, "
            f"{size / 1e6:.1f} MB\n\n"
        )
    sys.stdout.write(visible(_table(HEAD if account else HEAD[:3], rows)))
    sys.stdout.write(visible(f"\n{account.table() if account else reason}\n"))


def _write_keras_table(path: Path) -> None:
    """A `.keras` file has our own names already, and Keras keeps the account."""
    from kewen.models import load

    weights = load(path).model.weights_by_path()
    rows = [
        [name, _shown(weight.shape), str(weight.dtype)]
        for name, weight in sorted(weights.items())
    ]
    sys.stdout.write(f"{path} (keras): {len(rows)} variables\n\n")
    sys.stdout.write(_table(HEAD[:3], rows))


def _account(path: Path, family: str | None) -> tuple["Account | None", str]:
    """What loading makes of every tensor; or None, and why there is no such thing."""
    from kewen.checkpoints import WeightsWarning
    from kewen.models import load

    with warnings.catch_warnings():
        # The account is printed whole; it need not be announced as well.
        warnings.simplefilter("ignore", WeightsWarning)
        try:
            return load(path, family=family, strict=False).account, ""
        except CheckpointError:  # a corrupt file, which no table may cover up
            raise
        except KewenError as error:
            return None, f"No account, because no model can be made of it: {error}"


def _fates(account: "Account") -> dict[str, str]:
    """For each tensor of the file what becomes of it."""
    return (
        {used.name: ", ".join(used.ours) for used in account.used}
        | {each.name: f"(skipped: {each.because})" for each in account.skipped}
        | dict.fromkeys(account.unread, "(unread: no use for it)")
        | {each.name: f"(expected {each.expected})" for each in account.misshaped}
    )


def _shown(shape: Sequence[int | None]) -> str:
    return json.dumps(list(shape))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns to the left, no rules: easy to read and to cut apart."""
    lines = [head, *(row[: len(head)] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "".join(
        "  ".join(map(str.ljust, line, widths)).rstrip() + "\n" for line in lines
    )
