"""Files that are whole or absent: atomic writes, rotation, checksums, lost text."""

from kewen.files.checksum import sha256_file
from kewen.files.file import atomic_write
from kewen.files.folder import atomic_folder
from kewen.files.recovery import Recovered, recover_text
from kewen.files.regular import open_regular, read_regular
from kewen.files.rotation import Rotation

__all__ = [
    "Recovered",
    "Rotation",
    "atomic_folder",
    "atomic_write",
    "open_regular",
    "read_regular",
    "recover_text",
    "sha256_file",
]
