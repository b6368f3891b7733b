"""Disentangled attention against loops over heads, queries and keys."""

import math

import numpy as np
import pytest
from keras import ops

from kewen.errors import ConfigError
from kewen.layers import DisentangledAttention
from kewen.layers.attention.disentangled import relative_rows

B, T, C, H = 2, 7, 6, 2
D = C // H
RNG = np.random.default_rng(0)
HIDDEN = RNG.normal(size=(B, T, C)).astype("float32")
MASK = np.ones((B, 1, T), bool)
MASK[1, 0, 5:] = False


def made(**options):
    layer = DisentangledAttention(H, **options)
    table = RNG.normal(size=(2 * (layer.num_buckets or layer.max_distance), C))
    table = table.astype("float32")
    layer.build((B, T, C), table.shape)
    for weight in layer.weights:
        weight.assign(RNG.normal(size=weight.shape))
    return layer, table


def projected(layer, name, rows):
    kernel, bias = (ops.convert_to_numpy(w) for w in getattr(layer, name).weights)
    return np.einsum("...c,chd->...hd", rows, kernel) + bias


def by_loops(layer, table):
    """(B, H, T, T): probabilities, one score after another."""
    query, key = (projected(layer, name, HIDDEN) for name in ("query", "key"))
    share = layer.share_projections
    scale = math.sqrt(D * (1 + len(layer.kinds)))
    scores = np.full((B, H, T, T), -np.inf)
    for b, h, t, s in np.ndindex(B, H, T, T):
        if not MASK[b, 0, s]:
            continue
        distance = max(-layer.max_distance, min(layer.max_distance, t - s))
        place = table[layer.rows[distance + layer.max_distance]]
        total = query[b, t, h] @ key[b, s, h]
        if "c2p" in layer.kinds:
            name = "key" if share else "position_key"
            total += query[b, t, h] @ projected(layer, name, place)[h]
        if "p2c" in layer.kinds:
            name = "query" if share else "position_query"
            total += projected(layer, name, place)[h] @ key[b, s, h]
        scores[b, h, t, s] = total / scale
    powers = np.exp(scores - scores.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def close(got, wanted):
    pair = (ops.convert_to_numpy(got), ops.convert_to_numpy(wanted))
    np.testing.assert_allclose(*pair, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kinds", [("c2p",), ("p2c",), ("p2c", "c2p")])
@pytest.mark.parametrize("share", [True, False])
@pytest.mark.parametrize("num_buckets", [0, 4])
def test_probabilities_equal_those_of_loops(kinds, share, num_buckets):
    layer, table = made(
        kinds=kinds, share_projections=share, num_buckets=num_buckets, max_distance=5
    )
    _, scores = layer(HIDDEN, table, attention_mask=MASK, return_scores=True)
    close(scores, by_loops(layer, table))


def test_output_is_the_same_with_and_without_probabilities():
    layer, table = made(max_distance=5)
    alone = layer(HIDDEN, table, attention_mask=MASK)
    both = layer(HIDDEN, table, attention_mask=MASK, return_scores=True)[0]
    close(alone, both)


def test_projections_of_distances_are_only_those_that_are_used():
    layer, _ = made(kinds=("c2p",), max_distance=5)
    names = {weight.path.split("/")[-2] for weight in layer.weights}
    assert names == {"query", "key", "value", "output", "position_key"}


def test_rows_without_buckets_are_distances_cut_to_the_table():
    # The table has no row for the furthest distance ahead of the query.
    assert relative_rows(0, 3).tolist() == [0, 1, 2, 3, 4, 5, 5]


def test_rows_of_buckets_written_out():
    # Half of 8 is 4: distances to 4 have rows of their own; 5 to 15 share three.
    rows = relative_rows(8, 16)
    own = rows[16 - 4 : 16 + 5]
    assert own.tolist() == list(range(4, 13))
    ahead = rows[16 + 5 : 16 + 16].tolist()
    wanted = [
        min(8 + 4 + math.ceil(math.log(d / 4) / math.log(15 / 4) * 3), 15)
        for d in range(5, 16)
    ]
    assert ahead == wanted


def test_rows_are_mirrored_around_distance_0():
    rows = relative_rows(6, 40)[1:-1] - 6
    assert (rows == -rows[::-1]).all()


def test_kind_that_is_none_is_refused():
    with pytest.raises(ConfigError, match="p2p"):
        DisentangledAttention(2, kinds=("p2p",))
