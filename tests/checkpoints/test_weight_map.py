"""Weight maps: names, layers, bases, aliases, skips, ties, and the way back."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from kewen.checkpoints import (
    MERGE_HEADS,
    SPLIT_HEADS,
    TRANSPOSE,
    Checkpoint,
    Concat,
    Row,
    Skip,
    Source,
    Split,
    TensorInfo,
    WeightMap,
    WeightsWarning,
)
from kewen.errors import ConfigError, WeightsError

HEADS, HEAD_DIM, WIDTH, VOCABULARY = 2, 3, 6, 5


class InMemory(Checkpoint):
    """A checkpoint that counts what is read."""

    format = "memory"

    def __init__(self, arrays: Mapping[str, np.ndarray]):
        self.arrays, self.reads = dict(arrays), []
        path = Path("memory")
        super().__init__(
            path,
            [
                TensorInfo(name=name, shape=array.shape, dtype=array.dtype, file=path)
                for name, array in arrays.items()
            ],
        )

    def _read(self, info):
        self.reads.append(info.name)
        return self.arrays[info.name].copy()


FAMILY = WeightMap(
    [
        Row("embeddings/table", hf="{base}embed.weight", tf="model/embed/table"),
        Row(
            "block_{i}/query/kernel",
            hf=Source("{base}layer.{i}.query.weight", TRANSPOSE, SPLIT_HEADS),
            tf=Source("model/layer_{i}/query/kernel", SPLIT_HEADS),
        ),
        Row(
            "block_{i}/query/bias",
            hf=Source("{base}layer.{i}.query.bias", SPLIT_HEADS),
            tf=Source("model/layer_{i}/query/bias", SPLIT_HEADS),
        ),
        Row(
            "block_{i}/output/kernel",
            hf=Source("{base}layer.{i}.output.weight", TRANSPOSE, MERGE_HEADS),
            tf=Source("model/layer_{i}/output/kernel", MERGE_HEADS),
        ),
        Row(
            "block_{i}/norm/gamma",
            hf=Source(
                "{base}layer.{i}.norm.weight", aliases=["{base}layer.{i}.norm.gamma"]
            ),
            tf="model/layer_{i}/norm/gamma",
        ),
        Row("head/bias", hf="head.bias", tf="head/bias"),
        Skip("*.position_ids", because="a constant buffer", origin="hf"),
        Skip("*/adam_[mv]", because="optimizer state", origin="tf"),
        Skip("head.weight", because="tied output", same_as="{base}embed.weight"),
    ],
    bases={"hf": ("model.", "")},
)


def our_shapes(num_layers: int = 2, head: bool = True) -> dict[str, tuple[int, ...]]:
    shapes = {"embeddings/table": (VOCABULARY, WIDTH)}
    for i in range(num_layers):
        shapes[f"block_{i}/query/kernel"] = (WIDTH, HEADS, HEAD_DIM)
        shapes[f"block_{i}/query/bias"] = (HEADS, HEAD_DIM)
        shapes[f"block_{i}/output/kernel"] = (HEADS, HEAD_DIM, WIDTH)
        shapes[f"block_{i}/norm/gamma"] = (WIDTH,)
    if head:
        shapes["head/bias"] = (VOCABULARY,)
    return shapes


def our_values(num_layers: int = 2, head: bool = True) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {
        path: rng.standard_normal(shape).astype(np.float32)
        for path, shape in our_shapes(num_layers, head).items()
    }


def file_of(origin: str = "hf", base: str = "model.", num_layers: int = 2) -> dict:
    return FAMILY.write(
        our_values(num_layers), origin=origin, num_layers=num_layers, base=base
    )


@pytest.mark.parametrize(("origin", "base"), [("hf", "model."), ("hf", ""), ("tf", "")])
def test_what_is_written_is_read_back_exactly(origin, base):
    loaded = FAMILY.read(InMemory(file_of(origin, base)), our_shapes(), num_layers=2)
    loaded.account.check()
    values = dict(loaded.values())
    assert (loaded.origin, loaded.base) == (origin, base)
    assert values.keys() == our_values().keys()
    for path, value in our_values().items():
        np.testing.assert_array_equal(values[path], value)


def test_the_query_kernel_lies_as_torch_keeps_it():
    kernel = our_values()["block_1/query/kernel"]
    written = file_of()["model.layer.1.query.weight"]
    np.testing.assert_array_equal(written, kernel.reshape(WIDTH, WIDTH).T)


def test_the_account_is_complete_before_any_data_is_read():
    checkpoint = InMemory(file_of())
    loaded = FAMILY.read(checkpoint, our_shapes(), num_layers=2)
    assert checkpoint.reads == []
    next(loaded.values())
    assert checkpoint.reads == ["model.embed.weight"]


def test_one_error_lists_missing_unread_unset_and_misshaped():
    tensors = file_of()
    del tensors["model.layer.0.query.weight"]
    tensors["surplus"] = np.zeros(3)
    tensors["model.embed.weight"] = np.zeros((VOCABULARY + 1, WIDTH))
    shapes = our_shapes() | {"pooler/kernel": (WIDTH, WIDTH)}
    account = FAMILY.read(InMemory(tensors), shapes, num_layers=2).account
    with pytest.raises(WeightsError) as caught:
        account.check()
    message = str(caught.value)
    assert "1 missing (not in the file): model.layer.0.query.weight" in message
    assert "(for block_0/query/kernel)" in message
    assert "1 unread (in the file, no use for it): surplus." in message
    assert "1 unset (variables that get no value): pooler/kernel." in message
    assert "model.embed.weight (expected (5, 6), received (6, 6))" in message


def test_an_account_names_every_tensor_however_many():
    tensors = file_of() | {f"surplus.{k}": np.zeros(1) for k in range(500)}
    account = FAMILY.read(InMemory(tensors), our_shapes(), num_layers=2).account
    with pytest.raises(WeightsError) as caught:
        account.check()
    assert all(f"surplus.{k}" in str(caught.value) for k in range(500))


def test_not_strict_warns_with_the_same_lists_and_gives_what_fits():
    tensors = file_of()
    del tensors["head.bias"]
    loaded = FAMILY.read(InMemory(tensors), our_shapes(), num_layers=2)
    with pytest.warns(WeightsWarning, match="1 missing .*head.bias"):
        loaded.account.check(strict=False)
    assert "head/bias" not in dict(loaded.values())
    assert len(dict(loaded.values())) == len(our_shapes()) - 1


def test_layers_that_the_model_lacks_are_unread():
    account = FAMILY.read(
        InMemory(file_of(num_layers=3)), our_shapes(), num_layers=2
    ).account
    assert sorted(account.unread) == [
        "model.layer.2.norm.weight",
        "model.layer.2.output.weight",
        "model.layer.2.query.bias",
        "model.layer.2.query.weight",
    ]


def test_layers_that_the_file_lacks_are_missing():
    account = FAMILY.read(InMemory(file_of()), our_shapes(3), num_layers=3).account
    assert len(account.missing) == 4


def test_a_head_that_the_model_lacks_is_unread_unless_skipped():
    checkpoint = InMemory(file_of())
    account = FAMILY.read(checkpoint, our_shapes(head=False), num_layers=2).account
    assert list(account.unread) == ["head.bias"]
    forgiving = WeightMap(
        [*FAMILY.rows, *FAMILY.skips, Skip("head.*", because="no head here")],
        bases=FAMILY.bases,
    )
    account = forgiving.read(checkpoint, our_shapes(head=False), num_layers=2).account
    account.check()
    assert [str(skip) for skip in account.skipped] == ["head.bias (no head here)"]


def test_a_row_goes_before_a_skip_that_matches_too():
    greedy = WeightMap([*FAMILY.rows, Skip("*", because="all")], bases=FAMILY.bases)
    account = greedy.read(InMemory(file_of()), our_shapes(), num_layers=2).account
    account.check()
    assert not account.skipped


def test_an_old_name_is_read_and_the_new_one_written():
    tensors = {
        name.replace("norm.weight", "norm.gamma"): x for name, x in file_of().items()
    }
    loaded = FAMILY.read(InMemory(tensors), our_shapes(), num_layers=2)
    loaded.account.check()
    again = FAMILY.write(dict(loaded.values()), origin="hf", num_layers=2)
    assert "model.layer.0.norm.weight" in again


def test_a_name_and_its_alias_together_leave_one_unread():
    tensors = file_of() | {"model.layer.0.norm.gamma": np.zeros(WIDTH)}
    account = FAMILY.read(InMemory(tensors), our_shapes(), num_layers=2).account
    assert list(account.unread) == ["model.layer.0.norm.gamma"]


def test_a_tied_copy_is_skipped_if_equal():
    tensors = file_of()
    tensors["head.weight"] = tensors["model.embed.weight"].copy()
    account = FAMILY.read(InMemory(tensors), our_shapes(), num_layers=2).account
    account.check()
    assert [skip.name for skip in account.skipped] == ["head.weight"]


@pytest.mark.parametrize(
    "copy", [np.zeros((VOCABULARY, WIDTH), np.float32), np.zeros(1)]
)
def test_a_tied_copy_that_differs_from_its_twin_is_reported(copy):
    account = FAMILY.read(
        InMemory(file_of() | {"head.weight": copy}), our_shapes(), num_layers=2
    ).account
    with pytest.raises(
        WeightsError, match=r"head.weight .*tied twin model.embed.weight"
    ):
        account.check()


def test_a_tied_copy_without_its_twin_is_unread():
    tensors = file_of()
    tensors["head.weight"] = tensors.pop("model.embed.weight")
    account = FAMILY.read(InMemory(tensors), our_shapes(), num_layers=2).account
    assert list(account.unread) == ["head.weight"]
    assert [each.name for each in account.missing] == ["model.embed.weight"]


def test_skips_of_another_origin_do_not_count():
    tensors = file_of("tf") | {
        "model/x/adam_m": np.zeros(1),
        "y.position_ids": np.zeros(1),
    }
    account = FAMILY.read(InMemory(tensors), our_shapes(), num_layers=2).account
    assert [skip.name for skip in account.skipped] == ["model/x/adam_m"]
    assert list(account.unread) == ["y.position_ids"]


def test_a_file_of_another_family_has_no_origin():
    with pytest.raises(WeightsError, match=r"hf, tf.*Received: a.b, \.\.\."):
        FAMILY.origin_of(InMemory({"a.b": np.zeros(1)}))


def test_an_unknown_origin_is_named():
    with pytest.raises(ConfigError, match=r"hf, tf.*Received: onnx"):
        FAMILY.read(InMemory(file_of()), our_shapes(), origin="onnx", num_layers=2)


FUSED = WeightMap(
    [
        Row(
            ["{i}/query", "{i}/key", "{i}/value"],
            hf=Source("h.{i}.attn.weight", Split(-1), SPLIT_HEADS),
        ),
        Row("{i}/gates", hf=Source(["h.{i}.up", "h.{i}.down"], Concat(2, 0))),
    ]
)


def fused_shapes(key_heads: int = 1) -> dict[str, tuple[int, ...]]:
    return {
        "0/query": (WIDTH, HEADS, HEAD_DIM),
        "0/key": (WIDTH, key_heads, HEAD_DIM),
        "0/value": (WIDTH, key_heads, HEAD_DIM),
        "0/gates": (8, WIDTH),
    }


def test_fused_tensors_are_split_and_separate_ones_joined_and_back():
    rng = np.random.default_rng(1)
    tensors = {
        "h.0.attn.weight": rng.standard_normal((WIDTH, (HEADS + 2) * HEAD_DIM)),
        "h.0.up": rng.standard_normal((4, WIDTH)),
        "h.0.down": rng.standard_normal((4, WIDTH)),
    }
    loaded = FUSED.read(InMemory(tensors), fused_shapes(), num_layers=1)
    loaded.account.check()
    values = dict(loaded.values())
    assert {path: value.shape for path, value in values.items()} == fused_shapes()
    np.testing.assert_array_equal(
        values["0/key"].reshape(WIDTH, HEAD_DIM),
        tensors["h.0.attn.weight"][:, WIDTH : WIDTH + HEAD_DIM],
    )
    again = FUSED.write(values, origin="hf", num_layers=1)
    assert again.keys() == tensors.keys()
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(again[name], tensor)


def test_a_fused_tensor_of_another_width_is_misshaped():
    tensors = {
        "h.0.attn.weight": np.zeros((WIDTH, 3 * WIDTH)),
        "h.0.up": np.zeros((4, WIDTH)),
        "h.0.down": np.zeros((4, WIDTH)),
    }
    account = FUSED.read(InMemory(tensors), fused_shapes(), num_layers=1).account
    assert [str(each) for each in account.misshaped] == [
        "h.0.attn.weight (expected (6, 12), received (6, 18))"
    ]


def test_writing_names_values_without_a_place_and_absent_parts():
    values = {"0/query": np.zeros((WIDTH, HEADS, HEAD_DIM)), "odd": np.zeros(1)}
    with pytest.raises(WeightsError) as caught:
        FUSED.write(values, origin="hf", num_layers=1)
    assert "2 without a place: 0/query, odd." in str(caught.value)
    assert "2 absent parts of fused tensors: 0/key, 0/value." in str(caught.value)


SHARED = WeightMap([Row("layer_{i}/kernel", tf="group/kernel")])


def test_layers_that_share_a_tensor_in_the_file_are_all_filled():
    shapes = {"layer_0/kernel": (2,), "layer_1/kernel": (2,)}
    loaded = SHARED.read(InMemory({"group/kernel": np.ones(2)}), shapes, num_layers=2)
    loaded.account.check()
    assert dict(loaded.values()).keys() == shapes.keys()


def test_layers_that_differ_cannot_be_written_to_one_tensor():
    values = {"layer_0/kernel": np.zeros(2), "layer_1/kernel": np.ones(2)}
    with pytest.raises(
        WeightsError, match=r"1 tensors that two .* claim: group/kernel"
    ):
        SHARED.write(values, origin="tf", num_layers=2)


def test_a_row_that_does_not_suit_its_variable_is_named():
    wrong = WeightMap([Row("kernel", hf=Source("weight", TRANSPOSE))])
    with pytest.raises(ConfigError, match="row for kernel does not suit"):
        wrong.read(InMemory({"weight": np.zeros(2)}), {"kernel": (2,)}, num_layers=0)


def test_the_table_shows_each_name_on_a_line_of_its_own():
    tensors = file_of() | {"surplus": np.zeros(1), "a.position_ids": np.zeros(1)}
    table = FAMILY.read(InMemory(tensors), our_shapes(), num_layers=2).account.table()
    assert table.splitlines()[0] == "memory: 10 tensors used"
    assert "  surplus" in table.splitlines()
    assert "  a.position_ids (a constant buffer)" in table.splitlines()
