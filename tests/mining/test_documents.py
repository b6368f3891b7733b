"""A corpus as lists of words."""

import pytest

from kewen.errors import ConfigError, NotFoundError, WorkerError
from kewen.mining import documents


def test_texts_are_cut_one_by_one_and_white_space_is_no_word():
    texts = ["白切鸡， 好", "a b"]
    assert list(documents(texts, "characters")) == [list("白切鸡，好"), ["a", "b"]]
    assert list(documents(texts, "spaces")) == [["白切鸡，", "好"], ["a", "b"]]
    assert list(documents(texts, lambda text: text.split("切"))) == [
        ["白", "鸡， 好"],
        ["a b"],
    ]


def test_words_without_letters_can_be_left_out():
    assert list(documents(["好，好！"], "characters", punctuation=False)) == [
        ["好", "好"]
    ]


def test_a_file_is_read_as_its_ending_says(tmp_path):
    (tmp_path / "c.jsonl").write_text('{"body": "一 二"}\n{"body": "三"}\n', "utf-8")
    read = documents(tmp_path / "c.jsonl", "spaces", text="body")
    assert list(read) == [["一", "二"], ["三"]]


def test_a_function_that_fails_names_the_text():
    def fails(text):
        raise ValueError("no")

    with pytest.raises(WorkerError, match=r"text 1.*好.*ValueError"):
        list(documents(["", "好"], fails))


def test_what_cannot_be_read_is_said_at_once(tmp_path):
    with pytest.raises(ConfigError):
        documents(["a"], "letters")
    with pytest.raises(NotFoundError):
        documents(tmp_path / "nothing.txt", "spaces")
