"""word2vec's formats: gensim's own bytes, and every way a file can be broken."""

import numpy as np
import pytest

from kewen.errors import ConfigError, DataError, KewenError, NotFoundError
from kewen.mining import WordVectors, read_word2vec, write_word2vec

ROWS = {"的": [1.5, -2.0], "北京": [0.1, 3e-5]}


@pytest.fixture
def vectors():
    return WordVectors(list(ROWS), np.array(list(ROWS.values()), np.float32))


def test_text_is_as_gensim_writes_it(tmp_path, vectors):
    write_word2vec(vectors, tmp_path / "v.txt")
    text = (tmp_path / "v.txt").read_text("utf-8")
    assert text == "2 2\n的 1.5 -2\n北京 0.100000001 2.99999992e-05\n"


def test_binary_is_as_the_first_program_writes_it(tmp_path, vectors):
    write_word2vec(vectors, tmp_path / "v.bin")
    expected = b"2 2\n"
    for word, row in ROWS.items():
        expected += word.encode() + b" " + np.array(row, "<f4").tobytes() + b"\n"
    assert (tmp_path / "v.bin").read_bytes() == expected


@pytest.mark.parametrize("name", ["v.txt", "v.bin"])
def test_what_is_written_is_read_bit_for_bit(tmp_path, name):
    table = np.random.default_rng(0).standard_normal((300, 7)).astype(np.float32)
    # Also bytes that look like a line end or a space.
    table[0, 0] = np.frombuffer(b"\n\n \n", "<f4")[0]
    vectors = WordVectors([f"词{i}" for i in range(300)], table)
    write_word2vec(vectors, tmp_path / name)
    again = read_word2vec(tmp_path / name)
    assert again.words == vectors.words
    assert (again.vectors == table).all()


def test_binary_without_line_ends_is_read(tmp_path):
    data = b"2 2\n"
    for word, row in ROWS.items():
        data += word.encode() + b" " + np.array(row, "<f4").tobytes()
    (tmp_path / "v.bin").write_bytes(data)
    again = read_word2vec(tmp_path / "v.bin")
    assert again.words == tuple(ROWS)
    assert again["北京"].tolist() == np.array(ROWS["北京"], np.float32).tolist()


def test_a_word_with_spaces_is_read_from_text(tmp_path):
    (tmp_path / "v.txt").write_text("2 2\nNew York 1 2\nParis 3 4\n", "utf-8")
    again = read_word2vec(tmp_path / "v.txt")
    assert again.words == ("New York", "Paris")
    assert again["New York"].tolist() == [1, 2]


@pytest.mark.parametrize("binary", [False, True])
def test_a_word_with_spaces_is_not_written_unless_they_are_replaced(tmp_path, binary):
    vectors = WordVectors(["New York", "a\u3000b"], np.ones((2, 2)))
    with pytest.raises(DataError, match="New York"):
        write_word2vec(vectors, tmp_path / "v", binary=binary)
    assert not (tmp_path / "v").exists()
    write_word2vec(vectors, tmp_path / "v", binary=binary, replace_spaces="_")
    assert read_word2vec(tmp_path / "v", binary=binary).words == ("New_York", "a_b")


def test_replaced_words_must_still_differ(tmp_path):
    vectors = WordVectors(["a b", "a_b"], np.ones((2, 2)))
    with pytest.raises(DataError, match="differ"):
        write_word2vec(vectors, tmp_path / "v.txt", replace_spaces="_")
    with pytest.raises(ConfigError, match="replace_spaces"):
        write_word2vec(vectors, tmp_path / "v.txt", replace_spaces=" ")


def test_bytes_that_are_no_utf8_are_an_error_or_replaced(tmp_path):
    (tmp_path / "v.txt").write_bytes(b"1 1\n\xe5\x8c 1\n")
    with pytest.raises(DataError, match="UTF-8"):
        read_word2vec(tmp_path / "v.txt")
    assert read_word2vec(tmp_path / "v.txt", errors="replace").words == ("\ufffd",)
    with pytest.raises(ConfigError, match="errors"):
        read_word2vec(tmp_path / "v.txt", errors="ignore")


@pytest.mark.parametrize("name", ["v.txt", "v.bin"])
def test_a_file_cut_anywhere_is_an_error(tmp_path, vectors, name):
    write_word2vec(vectors, tmp_path / name)
    data = (tmp_path / name).read_bytes()
    # Without its last bytes a text may still be one: a digit or a line end less.
    for end in range(len(data) - (14 if name == "v.txt" else 2)):
        (tmp_path / name).write_bytes(data[:end])
        with pytest.raises(DataError):
            read_word2vec(tmp_path / name)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"the 0.1 0.2\n",
        b"2\n",
        b"-2 2\na 1 1\nb 1 1\n",
        b"0 2\n",
        b"2 0\n",
        b"9999999999999999 2\na 1 1\n",
        b"1 99999999999999999999\na 1 1\n",
        b"2 2\na 1 1\nb 1 x\n",
        b"2 2\na 1 1\nb 1\n",
        b"2 2\na 1 1\na 2 2\n",
        b"1 2\na 1 1\nb 2 2\n",
        b"1 2\na 1 nan\n",
        b"1 2\na 1 1e999\n",
        b"1 2\na 1 1e99\n",
        b"1 2\n 1 1\n",
        b"1 2\n" + b"a" * 10_000 + b" 1 1\n",
        b"1 " + b"2" * 70 + b"\na 1 1\n",
    ],
)
def test_a_broken_text_is_an_error(tmp_path, data):
    (tmp_path / "v.txt").write_bytes(data)
    with pytest.raises(DataError):
        read_word2vec(tmp_path / "v.txt")


@pytest.mark.parametrize(
    "data",
    [
        b"1 1\n" + b"a" * 5000,
        b"1 1\na " + np.array([np.inf], "<f4").tobytes(),
        b"2 1\na \0\0\0\0a \0\0\0\0",
        b"1 1\na \0\0\0\0more",
        b"1 1\n \0\0\0\0\0\0\0",
    ],
)
def test_a_broken_binary_is_an_error(tmp_path, data):
    (tmp_path / "v.bin").write_bytes(data)
    with pytest.raises(DataError):
        read_word2vec(tmp_path / "v.bin")


@pytest.mark.parametrize("name", ["v.bin", "v.txt"])
def test_a_file_of_holes_is_an_error_and_not_out_of_memory(tmp_path, name):
    """Its size fits its first line, and nothing of it is on the disk."""
    with (tmp_path / name).open("wb") as file:
        file.write(b"1000000000 250\n")
        file.truncate(1 << 40)
    with pytest.raises(DataError):
        read_word2vec(tmp_path / name)


def test_a_model_of_fasttext_is_named(tmp_path):
    (tmp_path / "v.bin").write_bytes((793_712_314).to_bytes(4, "little") + b"\0" * 99)
    with pytest.raises(DataError, match="fastText"):
        read_word2vec(tmp_path / "v.bin")


def test_what_is_no_file_is_an_error(tmp_path):
    with pytest.raises(NotFoundError):
        read_word2vec(tmp_path / "nothing.txt")
    with pytest.raises(KewenError):
        read_word2vec(tmp_path)


def test_of_words_that_replacing_made_equal_the_first_stays(tmp_path):
    path = tmp_path / "v.txt"
    path.write_bytes(b"4 1\n\xff 1\nb 2\n\xfe 3\nb 4\n")
    read = read_word2vec(path, errors="replace")
    assert read.words == ("\ufffd", "b") and read.vectors.tolist() == [[1.0], [2.0]]
    path.write_bytes(b"2 1\nb 2\nb 4\n")
    with pytest.raises(DataError, match="'b'"):
        read_word2vec(path)


def test_a_file_is_not_replaced_unasked(tmp_path, vectors):
    (tmp_path / "v.txt").write_text("mine")
    with pytest.raises(KewenError):
        write_word2vec(vectors, tmp_path / "v.txt")
    assert (tmp_path / "v.txt").read_text() == "mine"
