"""sha256_file."""

import hashlib

import pytest

from kewen.files import sha256_file


def test_digest_of_nothing_is_the_published_one(tmp_path):
    (tmp_path / "a").touch()
    assert sha256_file(tmp_path / "a") == (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )


def test_file_larger_than_a_buffer_is_read_whole(tmp_path):
    content = bytes(range(256)) * 4099
    (tmp_path / "a").write_bytes(content)
    assert sha256_file(tmp_path / "a") == hashlib.sha256(content).hexdigest()


def test_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        sha256_file(tmp_path / "a")
