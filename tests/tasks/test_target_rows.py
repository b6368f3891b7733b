"""What a writer reads and what it is to write, row by row, written out."""

import pytest
from writers import KINDS, letters_tokenizer, writer_of

from kewen.data import Example
from kewen.errors import ConfigError, DataError
from kewen.tasks.target_rows import TargetRows

CLS, SEP, A, B, C, D, EQUALS = 2, 3, 5, 6, 7, 8, 9


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    return letters_tokenizer(tmp_path_factory.mktemp("letters"))


@pytest.fixture(scope="module")
def writers(tokenizer):
    return {kind: writer_of(kind, tokenizer) for kind in KINDS}


def rows_of(writer, *examples, max_length=16):
    made = TargetRows(writer.tokenizer, writer.model, max_length)(examples)
    return [{name: array.tolist() for name, array in row.items()} for row in made]


def test_a_decoder_learns_each_token_of_a_text_and_its_end(writers):
    (row,) = rows_of(writers["decoder"], Example("a b c"))
    assert row["token_ids"] == [CLS, A, B, C]
    assert row["target_ids"] == [A, B, C, SEP]
    assert row["target_places"] == [0, 1, 2, 3]
    assert row["segment_ids"] == [0, 0, 0, 0]


def test_a_decoder_learns_the_answer_alone(writers):
    (row,) = rows_of(writers["decoder"], Example("a b =", pair="c d"))
    assert row["token_ids"] == [CLS, A, B, EQUALS, C, D]
    assert row["target_ids"] == [C, D, SEP]
    assert row["target_places"] == [3, 4, 5]


def test_an_encoder_under_the_unilm_mask_learns_the_second_segment(writers):
    (row,) = rows_of(writers["unilm"], Example("a b", pair="c d"))
    assert row["token_ids"] == [CLS, A, B, SEP, C, D]
    assert row["segment_ids"] == [0, 0, 0, 0, 1, 1]
    # The first token of the target is predicted by the last one of the source.
    assert row["target_places"] == [3, 4, 5]
    assert row["target_ids"] == [C, D, SEP]


def test_a_decoder_beside_an_encoder_reads_what_it_has_written(writers):
    (row,) = rows_of(writers["encoder_decoder"], Example("a b", pair="c d"))
    assert row["token_ids"] == [CLS, A, B, SEP]
    # As transformers' labels: what the tokenizer makes of the target.
    assert row["target_ids"] == [CLS, C, D, SEP]
    assert row["decoder_token_ids"] == [0, CLS, C, D]


def test_a_start_token_that_the_tokenizer_gives_is_not_written_twice(tokenizer):
    writer = writer_of("encoder_decoder", tokenizer)
    writer.model.start_id = CLS  # as of T5-PEGASUS
    (row,) = rows_of(writer, Example("a", pair="c d"))
    assert row["target_ids"] == [C, D, SEP]
    assert row["decoder_token_ids"] == [CLS, C, D]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8, 9, 23])
@pytest.mark.parametrize("size", [3, 4, 7])
def test_a_long_text_is_predicted_token_by_token_once(writers, count, size):
    text = " ".join("abcd"[n % 4] for n in range(count))
    rows = rows_of(writers["decoder"], Example(text), max_length=size)
    ids = [CLS, *(A + n % 4 for n in range(count)), SEP]
    assert [x for row in rows for x in row["target_ids"]] == ids[1:]
    assert [x for row in rows for x in row["token_ids"]] == ids[:-1]
    assert max(len(row["token_ids"]) for row in rows) <= size


@pytest.mark.parametrize(
    ("kind", "source", "target", "read", "learnt"),
    [
        # Of six places the longer part gives way; a cut answer does not end.
        ("decoder", "a b c d", "b c", [CLS, A, B, C, B, C], [B, C, SEP]),
        ("decoder", "a", "a b c d a b c", [CLS, A, A, B, C], [A, B, C, D]),
        ("unilm", "a b c d", "b c", [CLS, A, B, SEP, B, C], [B, C, SEP]),
        ("unilm", "a", "a b c d a b c", [CLS, A, SEP, A, B], [A, B, C]),
        ("encoder_decoder", "a b c d a", "b", [CLS, A, B, C, D, SEP], [CLS, B, SEP]),
        ("encoder_decoder", "a", "a b c d a", [CLS, A, SEP], [CLS, A, B, C, D]),
    ],
)
def test_pairs_that_are_too_long_are_cut(writers, kind, source, target, read, learnt):
    (row,) = rows_of(writers[kind], Example(source, pair=target), max_length=6)
    assert row["token_ids"] == read
    assert row["target_ids"] == learnt


@pytest.mark.parametrize("kind", ["unilm", "encoder_decoder"])
def test_a_text_without_an_answer_is_refused_where_a_source_is_read(writers, kind):
    with pytest.raises(DataError, match=r"without a target, line 7.*--target"):
        rows_of(writers[kind], Example("a b", line=7))


@pytest.mark.parametrize("length", [2, 33])
def test_a_length_that_the_model_has_not_is_refused(writers, length):
    with pytest.raises(ConfigError, match="from 3 to 32"):
        rows_of(writers["decoder"], Example("a"), max_length=length)
