"""LabelSet."""

import pytest

from kewen.data import Example, LabelSet
from kewen.errors import ConfigError, DataError


def examples(*labels: str | None) -> list[Example]:
    return [Example("x", label, line=line) for line, label in enumerate(labels, 1)]


def test_labels_are_sorted_whatever_the_order_of_the_file():
    assert LabelSet.from_examples(examples("b", "a", "c", "a")).names == ("a", "b", "c")


def test_whole_numbers_sort_as_numbers():
    assert LabelSet.from_examples(examples("10", "2", "-1")).names == ("-1", "2", "10")


def test_named_order_is_kept():
    assert LabelSet(["pos", "neg"]).ids(["neg", "pos"]).tolist() == [1, 0]


def test_encode_gives_int32_class_numbers():
    ids = LabelSet(["a", "b"]).encode(examples("b", "a"))
    assert ids.tolist() == [1, 0] and ids.dtype == "int32"


def test_one_class_only_is_a_data_error():
    with pytest.raises(DataError, match=r"two classes. Received: \['a'\]"):
        LabelSet.from_examples(examples("a", "a"))


def test_labels_that_training_lacks_are_named_with_their_lines():
    with pytest.raises(DataError, match=r"dev\.tsv.*'c' \(line 2\), 'd' \(line 4\)"):
        LabelSet(["a", "b"]).encode(examples("a", "c", "c", "d"), "dev.tsv")


def test_many_unknown_labels_are_cut_short():
    unknown = examples(*(f"u{n}" for n in range(1000)))
    with pytest.raises(DataError, match="and 990 more") as caught:
        LabelSet(["a", "b"]).encode(unknown)
    assert len(str(caught.value)) < 1000


def test_missing_label_is_named_with_its_line():
    with pytest.raises(DataError, match=r"None \(line 2\)"):
        LabelSet(["a", "b"]).encode(examples("a", None))


@pytest.mark.parametrize("names", [["a", "a"], ["a", " "]])
def test_twice_named_and_blank_labels_are_refused(names):
    with pytest.raises(ConfigError, match="distinct and not blank"):
        LabelSet(names)


def test_labels_that_are_numbers_are_refused_with_the_line_to_write():
    with pytest.raises(ConfigError, match=r"\[1\].*str\(label\)"):
        LabelSet(["a", 1])


def test_one_text_is_no_list_of_labels():
    with pytest.raises(ConfigError, match="the one text 'ab'"):
        LabelSet("ab")
