"""Arrays that a checkpoint cannot be run on are refused; its own mask is used."""

import numpy as np
import pytest
from golden_cases import GOLDEN, Pass

import kewen
from kewen.errors import ConfigError, ShapeError
from kewen.models.trace import trace

BERT = GOLDEN / "huggingface" / "bert_model"  # 40 positions, 2 segments
ROBERTA = GOLDEN / "huggingface" / "roberta_mlm"  # 40 positions, 2 of them unused


def ids(*shape):
    return np.full(shape, 7)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("token_ids", -1),
        ("token_ids", 10**6),
        ("segment_ids", -1),
        ("segment_ids", 2),
        ("position_ids", -1),
        ("position_ids", 40),
        ("padding_mask", -1),
        ("padding_mask", 2),
    ],
)
def test_value_out_of_range_is_refused_with_its_array(name, value):
    arrays = {"token_ids": ids(1, 3), name: np.array([[0, 1, value]])}
    with pytest.raises(ConfigError, match=f"^{name} must be from 0 to .*{value}") as e:
        trace(BERT, arrays)
    assert "\n" not in str(e.value)


def test_segment_that_roberta_does_not_have_is_refused():
    arrays = {"token_ids": ids(1, 2), "segment_ids": np.array([[0, 1]])}
    with pytest.raises(ConfigError, match=r"^segment_ids"):
        trace(ROBERTA, arrays)


@pytest.mark.parametrize(("folder", "longest"), [(BERT, 40), (ROBERTA, 38)])
def test_text_longer_than_the_positions_is_refused_before_keras_sees_it(
    folder, longest
):
    with pytest.raises(ShapeError, match=f"^token_ids .*at most {longest}") as error:
        trace(folder, {"token_ids": ids(1, longest + 1)})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("folder", "longest"), [(BERT, 40), (ROBERTA, 38)])
def test_longest_text_gives_numbers(folder, longest):
    traced = trace(folder, {"token_ids": ids(1, longest)})
    assert all(np.isfinite(array).all() for array in traced.values())


def test_given_positions_may_repeat_in_a_longer_text():
    positions = np.arange(45)[None] % 40
    traced = trace(BERT, {"token_ids": ids(1, 45), "position_ids": positions})
    assert np.isfinite(traced["output_last_hidden_state"]).all()


@pytest.mark.parametrize("shape", [(2, 0), (0, 3), (3,)])
def test_shape_without_a_token_is_refused(shape):
    with pytest.raises(ShapeError, match="B and T at least 1"):
        trace(BERT, {"token_ids": ids(*shape)})


def test_tensorflows_files_have_the_first_column_seen_with_and_without_family():
    left = Pass("bert4keras", "bert_left_padding")
    name = "hidden_layer_0"
    np.testing.assert_array_equal(
        trace(left.folder, left.inputs)[name],
        trace(left.folder, left.inputs, family="bert")[name],
    )


def test_a_decoder_is_traced_as_one_unless_told_otherwise(tmp_path):
    kewen.load(GOLDEN / "huggingface" / "bert_mlm", application="lm").save(
        tmp_path / "lm"
    )
    token_ids = np.array([[2, 5, 6, 7, 3]], "int32")
    changed = token_ids.copy()
    changed[0, -1] = 8

    def first_logits(ids, application=None):
        run = trace(tmp_path / "lm", {"token_ids": ids}, application=application)
        return run["output_logits"][0, 0]

    np.testing.assert_allclose(
        first_logits(token_ids), first_logits(changed), rtol=1e-5, atol=1e-5
    )
    seen = first_logits(token_ids, "encoder") - first_logits(changed, "encoder")
    assert np.abs(seen).max() > 1e-4


@pytest.mark.parametrize("case", ["bert_model", "t5"])
def test_inputs_may_have_the_names_that_transformers_has(case):
    given = Pass("huggingface", case)
    with np.load(given.folder / "expected.npz") as file:
        names = [n for n in file.files if n.startswith("input_") and "_left" not in n]
        theirs = {name.removeprefix("input_"): file[name] for name in names}
    assert "input_ids" in theirs
    got, wanted = (trace(given.folder, each) for each in (theirs, given.inputs))
    assert got.keys() == wanted.keys()
    for name, array in wanted.items():
        np.testing.assert_array_equal(got[name], array)


def test_names_of_bert4keras_t5_are_taken_too():
    given = Pass("bert4keras", "t5.1.0")
    named = dict(given.inputs)
    named["encoder_token_ids"] = named.pop("token_ids")
    got = trace(given.folder, named, **given.bert4keras_options)
    wanted = trace(given.folder, given.inputs, **given.bert4keras_options)
    assert got.keys() == wanted.keys()


def test_one_input_under_two_names_is_refused():
    both = {"token_ids": ids(1, 2), "input_ids": ids(1, 2)}
    with pytest.raises(ConfigError, match=r"once.*\['input_ids', 'token_ids'\]"):
        trace(BERT, both)


def test_positions_that_nezha_was_told_of_are_named_in_the_error():
    folder = GOLDEN / "bert4keras" / "nezha"
    with pytest.raises(ConfigError, match="custom_position_ids True"):
        trace(
            folder,
            {"token_ids": ids(1, 3)},
            family="nezha",
            options={"custom_position_ids": True},
        )
