"""Keeping the newest few files or folders, and deleting nothing that is not ours.

The manifest is written *before* an entry is: a run that is killed in between finds its
half-known entry on restart and may write it again. Deleting goes by the manifest alone,
file by file, and through no link.
"""

import json
import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from kewen.errors import ConfigError, FileError
from kewen.files.exchange import bring_back
from kewen.files.file import atomic_write
from kewen.files.folder import atomic_folder
from kewen.files.regular import read_regular
from kewen.files.temporary import hidden_name, remove, sweep

_MAX_BYTES = 1 << 26  # of a manifest
_MAX_NAME_BYTES = 255  # of every usual file system


@dataclass(frozen=True)
class _Entry:
    """One thing a rotation wrote."""

    name: str  # of the file or folder, directly in the rotation's folder
    files: list[str] | None  # a folder's files by relative POSIX path; None: a file
    finished: bool  # False from before the first byte until all is in place


class Rotation:
    """The newest `keep` things written through it into one folder.

    Example:
        rotation = Rotation("checkpoints", keep=3)
        with rotation.write_folder("step-100") as folder: ...
        rotation.latest  # checkpoints/step-100
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        keep: int = 3,
        *,
        manifest: str = "rotation.json",
    ) -> None:
        """Remember where and how many.

        Args:
            folder: made when something is first written.
            keep: how many finished things stay, at least 1.
            manifest: file name of the list. Two rotations in one folder need two.
        """
        if keep < 1:
            raise ConfigError(f"keep must be 1 or more. Received: {keep}.")
        self.folder = Path(folder)
        self.keep = keep
        self.manifest = self.folder / _plain_name(manifest)

    @property
    def names(self) -> list[str]:
        """Finished things the manifest lists, oldest first."""
        return [entry.name for entry in self._read() if entry.finished]

    @property
    def latest(self) -> Path | None:
        """The newest finished thing that is still there, or None."""
        return next(iter(self.finished()), None)

    def finished(self) -> list[Path]:
        """All finished things that are still there, newest first."""
        paths = [self.folder / name for name in reversed(self.names)]
        for path in paths:
            bring_back(path)
        return [path for path in paths if path.exists()]

    def prepare(self) -> None:
        """Write the manifest as it is: what cannot be written should say so at once.

        Raises:
            FileError: if it cannot.
        """
        self._save(self._read())

    def remove(self) -> None:
        """Delete what the manifest lists, the manifest, and the folder if that is all.

        An entry that was not finished goes too; what others wrote stays.
        """
        for entry in self._read():
            self._delete(entry)
        if self.manifest.is_file():
            self.manifest.unlink()
        sweep(self.folder)
        with suppress(OSError):
            self.folder.rmdir()

    @contextmanager
    def write(self, name: str) -> Generator[IO[bytes]]:
        """Write the file `name` atomically; then delete what is beyond `keep`.

        Raises:
            FileError: if `name` is there and this rotation did not write it.
        """
        with self._announced(_Entry(self._checked(name), None, False)) as ours:
            with atomic_write(self.folder / name, overwrite=ours) as file:
                yield file
        self._finish(_Entry(name, None, True))

    @contextmanager
    def write_folder(self, name: str) -> Generator[Path]:
        """Write the folder `name` atomically; then delete what is beyond `keep`.

        Raises:
            FileError: if `name` is there and this rotation did not write it.
        """
        with self._announced(_Entry(self._checked(name), [], False)) as ours:
            with atomic_folder(self.folder / name, overwrite=ours) as folder:
                yield folder
                files = _files_in(folder)
                # Listed before it is in place: a kill in between must not leave a
                # folder whose files look like somebody else's.
                self._note(_Entry(name, files, False))
        self._finish(_Entry(name, files, True))

    def _checked(self, name: str) -> str:
        if name == self.manifest.name:
            raise ConfigError(f"{name!r} is the manifest. Choose another name.")
        return _plain_name(name)

    @contextmanager
    def _announced(self, entry: _Entry) -> Generator[bool]:
        """List what is being written; True if it may replace what is there."""
        before = self._read()
        old = next((old for old in before if old.name == entry.name), None)
        self._refuse_strangers(entry.name, old)
        if old is None:
            self._save([*before, entry])
        try:
            yield old is not None
        except BaseException:
            with suppress(FileError):  # the first error is the one to report
                self._save(before)
            raise

    def _refuse_strangers(self, name: str, old: _Entry | None) -> None:
        """Raise where writing `name` would replace what the manifest does not list."""
        path = self.folder / name
        if not os.path.lexists(path):
            return
        if old is None:
            stranger = path
        else:
            found = _files_in(path) if path.is_dir() else []
            unlisted = sorted({*found} - {*(old.files or [])})
            if not unlisted:
                return
            stranger = path / unlisted[0]
        raise FileError(
            f"{stranger} is there, but {self.manifest.name} does not list it, so "
            "somebody else wrote it. It was left as it was. Move it away, or choose "
            "another folder for the run."
        )

    def _note(self, entry: _Entry) -> None:
        """List the files of a folder about to be put in place, beside the old ones."""
        entries = self._read()
        self._save(
            [
                replace(old, files=sorted({*(old.files or []), *(entry.files or [])}))
                if old.name == entry.name
                else old
                for old in entries
            ]
        )

    def _finish(self, entry: _Entry) -> None:
        others = [old for old in self._read() if old.name != entry.name]
        entries = [*others, entry]
        finished = [old for old in entries if old.finished]
        # What an earlier run began and did not finish is of no use to anybody.
        begun = [old for old in others if not old.finished]
        surplus = [*begun, *finished[: -self.keep]]
        # First delete, then forget: a kill in between must not orphan files.
        self._save(entries)
        for old in surplus:
            self._delete(old)
        if surplus:
            self._save([old for old in entries if old not in surplus])

    def _delete(self, entry: _Entry) -> None:
        path = self.folder / entry.name
        if path.is_symlink():  # we wrote none: somebody put it there
            return
        if entry.files is None:
            if path.is_file():
                path.unlink()
            return
        if _is_exactly(path, entry.files):
            # In one step: a kill must not leave a part of it under its name.
            hidden = hidden_name(self.folder)
            path.rename(hidden)
            remove(hidden)
            return
        for name in entry.files:
            _delete_inside(path, PurePosixPath(name))
        with suppress(OSError):  # an unlisted file keeps its folder
            path.rmdir()

    def _read(self) -> list[_Entry]:
        try:
            text = read_regular(self.manifest, _MAX_BYTES).decode()
        except (FileNotFoundError, NotADirectoryError):
            return []
        except (OSError, UnicodeDecodeError) as error:
            raise self._broken(str(error)) from error
        try:
            content = json.loads(text)
            return [_entry_from(item) for item in content["written"]]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise self._broken(f"{type(error).__name__}: {error}") from error

    def _broken(self, reason: str) -> FileError:
        return FileError(
            f"{self.manifest} must be the list of what was written here. "
            f"Received: {reason}. Nothing was deleted. Restore it, or remove it, and "
            "then clean the folder up by hand."
        )

    def _save(self, entries: Sequence[_Entry]) -> None:
        content = {"written": [asdict(entry) for entry in entries]}
        with atomic_write(self.manifest, overwrite=True, mode="w") as file:
            json.dump(content, file, ensure_ascii=False, indent=1)


def _entry_from(item: dict[str, Any]) -> _Entry:
    """An entry from JSON, believed only as far as it names things inside the folder."""
    name, files, finished = item["name"], item["files"], item["finished"]
    if not isinstance(name, str) or not isinstance(finished, bool):
        raise ValueError(f"name and finished are wrong in {item!r:.200}")
    if files is not None:
        if not isinstance(files, list):
            raise ValueError(f"files must be a list in {item!r:.200}")
        files = [_plain_path(file) for file in cast(list[object], files)]
    return _Entry(_plain_name(name), files, finished)


def _plain_name(name: str) -> str:
    """One path component that cannot lead anywhere else, on any system."""
    odd = not name or name in (".", "..") or bool(set(name) & set("/\\:\0"))
    if odd or len(name.encode("utf-8", "replace")) > _MAX_NAME_BYTES:
        raise ConfigError(
            f"Expected the plain name of a file. Received: {name[:300]!r}."
        )
    return name


def _plain_path(name: object) -> str:
    if not isinstance(name, str):
        raise ConfigError(f"Expected a relative path. Received: {name!r}.")
    for part in name.split("/"):
        _plain_name(part)
    return name


def _files_in(folder: Path) -> list[str]:
    """Regular files under a folder, by relative POSIX path, sorted."""
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    )


def _is_exactly(folder: Path, files: Sequence[str]) -> bool:
    """Whether a folder holds no file that is not listed, and no link."""
    if not folder.is_dir() or any(path.is_symlink() for path in folder.rglob("*")):
        return False
    return {*_files_in(folder)} <= {*files}


def _delete_inside(folder: Path, relative: PurePosixPath) -> None:
    """Delete one file and the folders it leaves empty; never through a link."""
    parents = [folder / parent for parent in reversed(relative.parents)]
    path = folder / relative
    if any(place.is_symlink() for place in [*parents, path]) or not path.is_file():
        return
    path.unlink()
    for parent in reversed(parents[1:]):
        with suppress(OSError):
            parent.rmdir()
