"""The user's home folder, where there is one."""

import pytest

from kewen.errors import ConfigError
from kewen.files.home import default_cache, expanded


@pytest.fixture
def nobody(monkeypatch):
    """A user whom no file of the system knows."""

    def unknown(*_):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr("pathlib.Path.home", unknown)
    monkeypatch.setattr("pathlib.Path.expanduser", unknown)


def test_default_cache_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache() == tmp_path / "kewen"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_cache() == tmp_path / ".cache" / "kewen"


def test_cache_of_a_user_without_a_home_says_what_to_set(nobody):
    with pytest.raises(ConfigError, match="Set XDG_CACHE_HOME"):
        default_cache()


def test_home_is_filled_in_where_it_is_known(nobody, monkeypatch, tmp_path):
    assert str(expanded("~/x")) == "~/x"
    monkeypatch.undo()
    monkeypatch.setenv("HOME", str(tmp_path))
    assert expanded("~/x") == tmp_path / "x"
