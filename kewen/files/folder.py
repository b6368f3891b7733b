"""Writing a whole folder so that it appears complete or not at all."""

import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from kewen.errors import FileError
from kewen.files.durable import (
    explained,
    fsync,
    fsync_folder,
    make_parent,
    refuse_overwrite,
)
from kewen.files.exchange import bring_back, replace_folder
from kewen.files.home import expanded
from kewen.files.temporary import temporary


@contextmanager
def atomic_folder(
    path: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    known_by: str | None = None,
) -> Generator[Path]:
    """Give a temporary folder beside `path` that becomes `path` at the block's end.

    Every file in it is forced to the disk, then the folder is renamed. On any exception
    it is removed and `path` is what it was. With `overwrite`, the old folder steps
    aside under a hidden name, comes back if the new one cannot take its place, and is
    deleted *whole* once the new one stands: a model folder with leftovers of another
    model would be read wrongly. (Python cannot swap two folders in one step: a kill
    between the two renames leaves the old one complete beside, as `.kewen-*.tmp`.)

    Args:
        path: the folder to make; missing parents are made too. An empty folder there
            counts as none.
        overwrite: replace a folder that is there, with everything in it. Refused for
            the working folder, the home folder and whatever contains them.
        known_by: a file without which a folder is of another kind than this one will
            be, and is not replaced, `overwrite` or not.

    Yields:
        The temporary folder, empty.

    Raises:
        FileError: if `path` exists (checked at once and again at the end), is a file or
            link, or cannot be written.
    Example: `with atomic_folder("out") as new: (new / "a.json").write_text("{}")`.
    """
    path = Path(path)
    bring_back(path)
    _check_target(path, overwrite, known_by)
    make_parent(path)

    def make(new: Path) -> None:
        with explained(path, medium_only=False):
            new.mkdir()

    with temporary(path.parent, make) as new:
        with explained(path, medium_only=True):
            yield new
        with explained(path, medium_only=False):
            _fsync_tree(new)
            _put_in_place(new, path, overwrite)
    fsync_folder(path.parent)


def _check_target(path: Path, overwrite: bool, known_by: str | None) -> None:
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        raise FileError(
            f"{path} must be a folder or not exist yet. Received: a file or a link. "
            "Choose another name, or remove it first."
        )
    if not _holds_something(path):
        return
    if not overwrite:
        raise refuse_overwrite(path)
    if known_by is not None and not (path / known_by).is_file():
        raise FileError(
            f"{path} must hold {known_by} to be replaced, so that no folder of another "
            "kind is lost. Received: one without it. Choose another name."
        )
    precious = [Path.cwd(), expanded("~").resolve()]
    if any(place.is_relative_to(path.resolve()) for place in precious):
        raise FileError(
            f"{path} is, or contains, the working folder or your home folder; "
            "overwriting would delete everything in it. Choose a folder of its own."
        )


def _holds_something(path: Path) -> bool:
    with explained(path, medium_only=False):
        return path.is_dir() and any(path.iterdir())


def _fsync_tree(root: Path) -> None:
    for folder, _, names in os.walk(root):
        for name in names:
            file = Path(folder, name)
            if not file.is_symlink():
                fsync(file)
        fsync_folder(Path(folder))


def _put_in_place(new: Path, path: Path, overwrite: bool) -> None:
    # A rename onto an empty folder replaces it (and fails on a full one, so nobody who
    # was faster is overwritten); Windows wants the empty one gone first.
    with suppress(OSError):
        path.rmdir()
    if not _holds_something(path):
        new.rename(path)
        return
    if not overwrite:
        raise refuse_overwrite(path)
    replace_folder(new, path)
