"""What becomes of a poem in the package's files."""

import io
import json
import tarfile

import pytest

from examples.poems.corpus import Poem, fetch, poems_of, split
from kewen.errors import DataError

LINES = ("白日依山尽", "黄河入海流", "欲穷千里目", "更上一层楼")
ENTRY = {
    "title": "登鸛雀樓（一作登樓）",
    "paragraphs": ["白日依山盡，黃河入海流。", "欲窮千里目，更上一（一作數）層樓。"],
}


def archive_of(folder, *entries):
    path = folder / "poems.tgz"
    with tarfile.open(path, "w:gz") as tar:
        data = json.dumps(entries).encode()
        member = tarfile.TarInfo("package/dist/quantangshi/poet.tang.0.json")
        member.size = len(data)
        tar.addfile(member, io.BytesIO(data))
        tar.addfile(tarfile.TarInfo("package/dist/quantangshi/poet.song.0.json"))
    return path


@pytest.fixture(autouse=True)
def _opencc():
    pytest.importorskip("opencc")


def test_poems_are_simplified_and_their_notes_left_out(tmp_path):
    assert poems_of(archive_of(tmp_path, ENTRY)) == [Poem("登鹳雀楼", LINES)]


def test_variants_become_the_usual_shapes(tmp_path):
    entry = {"title": "猨", "paragraphs": ["劒外疎簷雨，" * 3 + "白日依山盡。"]}
    assert poems_of(archive_of(tmp_path, entry))[0].lines[0] == "剑外疏檐雨"


@pytest.mark.parametrize(
    "paragraph",
    [
        "白日依山盡，黃河入海流。欲窮千里目，更上一層。",  # a line too short
        "白日依山盡，黃河入海流。欲窮千里目，更上□層樓。",  # a lost character
        "白日依山盡，黃河入海流。欲窮千里目。",  # half a couplet
        "白日依山盡，黃河入海流。",  # too short
        "",
    ],
)
def test_broken_poems_are_left_out(tmp_path, paragraph):
    archive = archive_of(tmp_path, ENTRY | {"paragraphs": [paragraph]})
    assert poems_of(archive) == []


def test_a_poem_that_comes_twice_counts_once(tmp_path):
    assert len(poems_of(archive_of(tmp_path, ENTRY, ENTRY))) == 1


def test_held_out_poems_share_no_line_with_the_others():
    made = [Poem("", tuple(f"{n}{k}" for k in "abcd")) for n in range(500)]
    held_out = next(poem for poem in made if poem.is_held_out)
    other = next(poem for poem in made if not poem.is_held_out)
    borrowed = Poem("", (held_out.lines[0], *other.lines[1:]))
    read, test = split([*made, borrowed])
    assert not borrowed.is_held_out and held_out not in test
    lines = {line for poem in read for line in poem.lines}
    assert test and not any(lines & {*poem.lines} for poem in test)


def test_another_archive_is_refused(tmp_path):
    (tmp_path / "chinese-poetry-2.0.1.tgz").write_bytes(b"no archive")
    with pytest.raises(DataError, match="SHA-256"):
        fetch(tmp_path)
