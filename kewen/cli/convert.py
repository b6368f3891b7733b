"""`kewen convert`: a model's folder in another layout."""

import re
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from kewen.cli.guard import say
from kewen.cli.options import Folder, Overwrite
from kewen.cli.surroundings import prepare
from kewen.cli.targets import check_folder
from kewen.errors import ConfigError

EXAMPLES = """
kewen convert chinese_L-12_H-768_A-12 bert-base-chinese --to hf
kewen convert bert-base-chinese for_bert4keras --to tf1
kewen convert DIR OUT --to hf --max-shard-size 500MB
"""
UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9}


class Layout(StrEnum):
    """How a folder holds its weights."""

    HF = "hf"
    TF1 = "tf1"
    KERAS = "keras"


def convert(
    folder: Folder,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder to make.")],
    to: Annotated[
        Layout,
        typer.Option(
            help="hf: config.json and model.safetensors, for transformers too; "
            "tf1: bert_model.ckpt.*, for bert4keras and Google's BERT, of families "
            "that have names in TensorFlow; "
            "keras: model.keras."
        ),
    ],
    family: Annotated[
        str | None,
        typer.Option(help="Where the files do not tell, as bert or roberta."),
    ] = None,
    max_shard_size: Annotated[
        str | None,
        typer.Option(
            help="hf: of a weight file, 5GB if not given; beyond it there are several."
        ),
    ] = None,
    lossy: Annotated[
        bool, typer.Option("--lossy", help="Leave out tensors that have no place.")
    ] = False,
    overwrite: Overwrite = False,
) -> None:
    """Write a model in another layout, every value bit for bit; no tokenizer is needed.

    Tokenizer files go along as they are.
    """
    if max_shard_size is not None and to is not Layout.HF:
        raise ConfigError(
            "--max-shard-size is for --to hf; the other layouts have one file. "
            f"Received: --to {to.value}. Leave it out."
        )
    max_shard_bytes = _bytes_in("5GB" if max_shard_size is None else max_shard_size)
    check_folder(out, overwrite)
    prepare()
    from kewen.models import convert as run

    account = run(
        folder,
        out,
        to=to.value,
        family=family,
        strict=not lossy,
        overwrite=overwrite,
        max_shard_bytes=max_shard_bytes,
    )
    what = f"{len(account.used)} tensors" if account else "the model"
    reasons = Counter(each.because for each in (account.skipped if account else ()))
    skipped = "".join(
        f" Not copied: {count} ({because})." for because, count in reasons.items()
    )
    say(f"Wrote {what} of {folder} to {out} ({to.value}).{skipped}")


def _bytes_in(size: str) -> int:
    found = re.fullmatch(r"(\d+)\s*(B|KB|MB|GB)", size.strip().upper())
    if found is None or int(found[1]) < 1:
        raise ConfigError(
            f"--max-shard-size must be a number of {', '.join(UNITS)}, such as 500MB. "
            f"Received: {size!r}."
        )
    return int(found[1]) * UNITS[found[2]]
