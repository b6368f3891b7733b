"""Files that are whole or absent: atomic writes, rotation, checksums."""

from kewen.files.checksum import sha256_file
from kewen.files.file import atomic_write
from kewen.files.folder import atomic_folder
from kewen.files.rotation import Rotation

__all__ = ["Rotation", "atomic_folder", "atomic_write", "sha256_file"]
