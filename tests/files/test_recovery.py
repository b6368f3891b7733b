"""recover_text: every place where a fragment stands, in bounded memory."""

import os
import re
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kewen.errors import ConfigError, FileError, NotFoundError
from kewen.files import recover_text, sha256_file
from kewen.files.recovery import refuse_writing_onto

POEM = "白日依山尽，黄河入海流。"
CHUNK = 1 << 20


@pytest.fixture
def image(tmp_path):
    """200 MB, mostly holes; the poem across a border of chunks and twice elsewhere."""
    path = tmp_path / "disk.img"
    wanted = POEM.encode()
    places = [5 * CHUNK - 7, 77_777_777, 199_999_000]
    with path.open("wb") as file:
        file.truncate(200_000_000)
        for number, place in enumerate(places, start=1):
            file.seek(place - 6)
            file.write("第".encode() + f"{number}: ".encode())
            file.seek(place)
            file.write(wanted + "欲穷千里目".encode())
    return path, places


def test_all_places_in_a_large_image_in_little_memory_and_nothing_changed(image):
    path, places = image
    before = sha256_file(path), path.stat().st_mtime_ns
    tracemalloc.start()
    hits = list(recover_text(path, "黄河入海", chunk_size=CHUNK))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    skipped = len("白日依山尽，".encode())
    assert [hit.offset for hit in hits] == [place + skipped for place in places]
    assert [hit.text for hit in hits] == [
        f"第{number}: {POEM}欲穷千里目" for number in (1, 2, 3)
    ]
    assert [hit.start for hit in hits] == [place - 6 for place in places]
    assert peak < 4 * CHUNK
    assert (sha256_file(path), path.stat().st_mtime_ns) == before


@settings(deadline=None)
@given(
    content=st.text("ab\0好", max_size=60),
    fragment=st.text("ab好", min_size=1, max_size=4),
    chunk_size=st.integers(1, 9),
)
def test_the_places_are_those_of_a_plain_search_whatever_the_chunks(
    tmp_path_factory, content, fragment, chunk_size
):
    path = tmp_path_factory.mktemp("source") / "a"
    path.write_bytes(content.encode())
    hits = list(recover_text(path, fragment, chunk_size=chunk_size))
    plain = re.finditer(re.escape(fragment.encode()), content.encode())
    assert [hit.offset for hit in hits] == [found.start() for found in plain]
    for hit in hits:
        assert fragment in hit.text
        assert "\0" not in hit.text
        assert content.encode()[hit.start :].startswith(hit.text.encode())


def write(tmp_path, content):
    (tmp_path / "source").write_bytes(content)
    return tmp_path / "source"


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16-le", "utf-32-be"])
@pytest.mark.parametrize("before", range(1, 9))
def test_characters_that_the_limits_cut_are_left_out(tmp_path, encoding, before):
    source = write(tmp_path, "登高望远思故人".encode(encoding))
    (hit,) = recover_text(source, "望", before=before, after=before, encoding=encoding)
    left, right = hit.text.split("望")
    assert "登高".endswith(left)
    assert "远思故人".startswith(right)
    assert source.read_bytes()[hit.start :].startswith(hit.text.encode(encoding))


def test_context_is_as_long_as_asked(tmp_path):
    (hit,) = recover_text(write(tmp_path, b"0123456789"), "5", before=2, after=3)
    assert (hit.text, hit.start, hit.offset) == ("345678", 3, 5)


def test_what_is_no_text_is_replaced_or_as_the_caller_says(tmp_path):
    source = write(tmp_path, b"\xff\xff\xff\xff\xffab\xff")
    (hit,) = recover_text(source, "ab")
    assert hit.text.endswith("ab\ufffd")
    (hit,) = recover_text(source, "ab", errors="ignore")
    assert hit.text == "ab"


def test_hits_do_not_overlap(tmp_path):
    hits = recover_text(write(tmp_path, b"aaaaa"), "aa")
    assert [hit.offset for hit in hits] == [0, 2]


@pytest.mark.parametrize(
    ("fragment", "options", "said"),
    [
        ("", {}, "piece of the lost text"),
        ("好", {"encoding": "ascii"}, "ascii can say"),
        ("好", {"encoding": "utf-16"}, "utf-16-le"),
        ("好", {"encoding": "utf-8-sig"}, "the same bytes"),
        ("中", {"encoding": "iso2022_jp"}, "the same bytes"),
        ("中", {"encoding": "utf-7"}, "the same bytes"),
        ("好", {"encoding": "hex"}, "one that Python knows"),
        ("好", {"errors": "loudly"}, "a way that Python knows"),
        ("好", {"before": -1}, "before must be from 0"),
        ("好", {"chunk_size": 0}, "chunk_size must be from 1"),
    ],
)
def test_arguments_that_cannot_be_are_refused_at_once(fragment, options, said):
    with pytest.raises(ConfigError, match=said):
        recover_text("anything", fragment, **options)


def test_sources_that_cannot_be_searched_are_refused(tmp_path):
    with pytest.raises(NotFoundError, match="does not exist"):
        list(recover_text(tmp_path / "none", "a"))
    with pytest.raises(FileError, match="a folder"):
        list(recover_text(tmp_path, "a"))
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileError, match="a pipe"):
        list(recover_text(tmp_path / "pipe", "a"))


def test_a_source_that_fails_on_the_way_gives_what_was_found_before(
    tmp_path, monkeypatch
):
    from kewen.files import recovery

    source = write(tmp_path, b"first" + bytes(100))
    opened = recovery._opened

    class Failing:
        """A disk whose last part is broken."""

        def __init__(self, path):
            self.file = opened(path)

        def __enter__(self):
            return self

        def __exit__(self, *error):
            self.file.close()

        def seek(self, *place):
            return self.file.seek(*place)

        def read(self, size):
            if self.file.tell() >= 50:
                raise OSError(5, "Input/output error")
            return self.file.read(size)

    monkeypatch.setattr(recovery, "_opened", Failing)
    hits = recover_text(source, "first", chunk_size=50)
    assert next(hits).offset == 0
    with pytest.raises(FileError, match=r"at byte 50.*ddrescue"):
        next(hits)


def test_the_source_is_recognised_under_another_name(tmp_path):
    source = write(tmp_path, b"a")
    (tmp_path / "same").hardlink_to(source)
    with pytest.raises(FileError, match="onto"):
        refuse_writing_onto(source, (tmp_path / "same").stat())
    refuse_writing_onto(source, tmp_path.stat())
