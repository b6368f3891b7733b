"""T5's buckets of distances."""

import numpy as np
import pytest
from golden_cases import GOLDEN
from keras import ops

from kewen.errors import ConfigError
from kewen.layers import BucketedPositions


def bucket_numbers(**options):
    """int, (T, S), seen through a table whose rows are their own numbers."""
    queries = ops.zeros((1, options.pop("T"), 1))
    keys = ops.zeros((1, options.pop("S"), 1))
    first = options.pop("first_query", 0)
    layer = BucketedPositions(1, **options)
    layer(queries, keys)
    table = np.arange(layer.num_buckets, dtype="float32")[:, None]
    layer.embeddings.assign(table)
    return ops.convert_to_numpy(layer(queries, keys, first_query=first))[0, 0]


@pytest.mark.parametrize(
    ("name", "bidirectional"), [("bidirectional", True), ("causal", False)]
)
def test_buckets_are_those_of_the_original(name, bidirectional):
    with np.load(GOLDEN / "bert4keras/layers_misc/expected.npz") as file:
        wanted = file[f"t5_buckets_{name}"]
    rows, columns = wanted.shape
    got = bucket_numbers(T=rows, S=columns, bidirectional=bidirectional)
    np.testing.assert_array_equal(got, wanted)


def test_queries_of_a_cache_stand_where_they_stand_in_the_whole():
    whole = bucket_numbers(T=9, S=9, bidirectional=False)
    np.testing.assert_array_equal(
        bucket_numbers(T=2, S=9, bidirectional=False, first_query=7), whole[7:]
    )


def test_each_head_has_its_own_number():
    layer = BucketedPositions(2, num_buckets=8, max_distance=16)
    hidden = ops.zeros((3, 4, 5))
    layer(hidden)
    layer.embeddings.assign(np.arange(16, dtype="float32").reshape(8, 2))
    bias = ops.convert_to_numpy(layer(hidden))
    assert bias.shape == (1, 2, 4, 4)
    np.testing.assert_array_equal(bias[0, 1], bias[0, 0] + 1)


@pytest.mark.parametrize(
    "options",
    [
        {"num_buckets": 2},
        {"num_buckets": 32, "max_distance": 8},
        {"num_buckets": 32, "max_distance": 2**40},
    ],
)
def test_buckets_that_cannot_be_are_refused(options):
    with pytest.raises(ConfigError, match="two buckets a direction"):
        BucketedPositions(1, **options)
