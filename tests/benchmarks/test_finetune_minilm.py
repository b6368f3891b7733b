"""What both sides of the fine-tuning benchmark are given."""

import numpy as np

from benchmarks.finetune_minilm import length_grouped, padded, summary
from benchmarks.harness import Timing


def test_length_grouping_gives_every_row_once():
    lengths = np.random.default_rng(0).integers(3, 128, 1000)
    batches = list(length_grouped(lengths, np.random.default_rng(1)))
    assert sorted(np.concatenate(batches)) == list(range(1000))


def test_length_grouping_pads_less_than_chance():
    lengths = np.random.default_rng(0).integers(3, 128, 800)
    grouped = length_grouped(lengths, np.random.default_rng(1))
    cells = sum(len(rows) * lengths[rows].max() for rows in grouped)
    assert cells < 1.1 * lengths.sum()


def test_padding_fills_to_the_longest_row_and_masks_the_rest():
    ids, mask = padded([np.array([5, 6, 7]), np.array([8])])
    np.testing.assert_array_equal(ids, [[5, 6, 7], [8, 0, 0]])
    np.testing.assert_array_equal(mask, [[1, 1, 1], [1, 0, 0]])


def test_summary_states_lengths_padding_and_ratio():
    answer = {"loss": 1.5, "padding": 0.1}
    timings = [
        Timing("ours", 1.0, 9.0, [1.0] * 5, 0.9, answer),
        Timing("peer", 1.0, 3.0, [1.5] * 5, 1.2, answer),
    ]
    text = summary([np.zeros(4), np.zeros(8)], timings)
    for part in ["2 paragraphs of 6 tokens", "1.50 x", "10.0 % padding", "loss"]:
        assert part in text
