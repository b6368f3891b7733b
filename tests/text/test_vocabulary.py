"""vocab.txt: ids are line numbers, whatever else is wrong with the file."""

import pytest

from kewen.errors import ConfigError, NotFoundError, VocabularyError
from kewen.text import Tokenizer, read_vocabulary

HEAD = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]


@pytest.fixture
def write(tmp_path):
    def write_lines(*lines: str):
        path = tmp_path / "vocab.txt"
        path.write_bytes("\n".join(lines).encode())
        return path

    return write_lines


def test_repeated_tokens_are_named_with_their_lines(write):
    path = write(*HEAD, "a", "b", "a", "c", "b", "a")
    with pytest.raises(
        VocabularyError, match=r"'a' on lines 5, 7, 10; 'b' on lines 6, 9"
    ):
        read_vocabulary(path)


def test_many_repeated_tokens_are_counted(write):
    path = write(*HEAD, *"abcdefg", *"abcdefg")
    with pytest.raises(VocabularyError, match="'e' on lines 9, 16; and 2 more"):
        read_vocabulary(path)


@pytest.mark.parametrize(("duplicates", "token_id"), [("first", 4), ("keep", 6)])
def test_text_gets_the_id_of_the_line_chosen_and_all_lines_decode(
    write, duplicates, token_id
):
    path = write(*HEAD, "a", "b", "a")
    tokenizer = Tokenizer.from_file(path, duplicates=duplicates)
    assert tokenizer("a")["token_ids"].tolist() == [2, token_id, 3]
    assert tokenizer.decode([4, 5, 6]) == "a b a"
    assert tokenizer.vocabulary_size == 7


def test_later_lines_that_are_dropped_move_the_ids_behind_them(write):
    path = write(*HEAD, "a", "b", "a", "c")
    tokenizer = Tokenizer.from_file(path, duplicates="drop")
    assert tokenizer("c a")["token_ids"].tolist() == [2, 6, 4, 3]
    assert tokenizer.vocabulary_size == 7


def test_blank_lines_keep_their_number_but_not_at_the_end(write):
    vocabulary = read_vocabulary(write(*HEAD, "", "a", " \u3000", "b", "", " "))
    assert vocabulary.rows == (*HEAD, "", "a", "", "b")
    assert vocabulary.ids["b"] == 7


def test_mark_line_ends_and_further_columns_are_no_part_of_a_token(write):
    path = write("\ufeff[PAD]\r", "[UNK] 17\r", "a\t3\r", "")
    assert read_vocabulary(path).rows == ("[PAD]", "[UNK]", "a")


@pytest.mark.parametrize("content", [b"", b"\n\n", b" \r\n"])
def test_a_file_without_tokens_is_refused(tmp_path, content):
    (tmp_path / "vocab.txt").write_bytes(content)
    with pytest.raises(VocabularyError, match="no token at all"):
        read_vocabulary(tmp_path / "vocab.txt")


def test_another_encoding_is_refused_with_its_place(tmp_path):
    (tmp_path / "vocab.txt").write_bytes("[PAD]\n今".encode("gb18030"))
    with pytest.raises(VocabularyError, match="byte 0xbd at position 6"):
        read_vocabulary(tmp_path / "vocab.txt")


@pytest.mark.parametrize("missing", ["[UNK]", "[CLS]", "[SEP]"])
def test_a_missing_special_token_is_named(write, missing):
    path = write(*(token for token in HEAD if token != missing), "a")
    with pytest.raises(VocabularyError, match=rf"a \{missing[:-1]}\] token"):
        Tokenizer.from_file(path)


def test_pad_and_mask_may_be_missing(write):
    tokenizer = Tokenizer.from_file(write(*HEAD[1:], "a"))
    assert (tokenizer.pad_id, tokenizer.mask_id) == (None, None)
    assert tokenizer(["a a", "a"])["token_ids"][1].tolist() == [1, 3, 2, 0]


def test_an_unknown_choice_for_duplicates_is_refused(write):
    with pytest.raises(ConfigError, match="last"):
        read_vocabulary(write(*HEAD), "last")


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(NotFoundError, match="nothing is there"):
        Tokenizer.from_file(tmp_path / "vocab.txt")
    with pytest.raises(VocabularyError, match="readable file"):
        Tokenizer.from_file(tmp_path)


@pytest.mark.parametrize(
    ("pieces", "lowered"),
    [(["a", "b", "##c", "今"], True), (["a", "B"], False), (["[A]", "<B>", "a"], True)],
)
def test_lower_casing_is_decided_by_the_pieces(write, pieces, lowered):
    tokenizer = Tokenizer.from_file(write(*HEAD, *pieces))
    (token,) = tokenizer.tokens(tokenizer("A")["token_ids"][1:-1])
    assert token == ("a" if lowered else "[UNK]")
