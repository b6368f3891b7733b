"""Batches from the disk: every row once, in an order that seed, epoch and step set."""

import json
import threading
import tracemalloc

import numpy as np
import pytest

from kewen.data import LabelSet, StreamedBatches, stream_examples
from kewen.data import blocks as blocks_module
from kewen.data.permutation import permutation
from kewen.errors import ConfigError, DataError, ShapeError

LABELS = LabelSet(["a", "b", "c"])


@pytest.fixture(autouse=True)
def blocks_of_five_lines(monkeypatch):
    monkeypatch.setattr(blocks_module, "BLOCK_LINES", 5)


def encode(examples):
    """Row n holds the number n + 1 in every place, as its text says."""
    rows = []
    for example in examples:
        number, size = map(int, example.text.split())
        rows.append(
            {
                "token_ids": np.full(size, number + 1, np.int32),
                "padding_mask": np.ones(size, bool),
                "offsets": np.zeros((size, 2), np.int32),
            }
        )
    return rows


def file_of(tmp_path, count, sizes=None, labels=None):
    if sizes is None:
        sizes = np.random.default_rng(0).integers(1, 40, count)
    path = tmp_path / f"{count}.jsonl"
    with path.open("w") as file:
        for n in range(count):
            label = "abc"[n % 3] if labels is None else labels[n]
            row = {"text": f"{n} {sizes[n]}", "label": label, "note": "x" * 100}
            file.write(json.dumps(row) + "\n")
    return path


def batches(path, **options):
    wanted = {"numbers": LABELS.encode, "max_length": 40, "batch_size": 4, "window": 16}
    return StreamedBatches(stream_examples(path), encode, **(wanted | options))


def real(batch):
    return batch.indices[batch.indices >= 0].tolist()


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 15, 16, 17, 53, 64, 65, 211])
@pytest.mark.parametrize("window", [1, 4, 7, 16, 1000])
def test_every_row_is_in_exactly_one_batch_of_an_epoch(tmp_path, count, window):
    made = batches(file_of(tmp_path, count), window=window)
    for epoch in (0, 3):
        steps = list(made.epoch(epoch))
        assert len(steps) == len(made)
        assert sorted(n for batch in steps for n in real(batch)) == list(range(count))
        assert {batch.inputs["token_ids"].shape for batch in steps} <= made.shapes


def test_each_line_is_the_row_that_its_index_says(tmp_path):
    sizes = np.random.default_rng(0).integers(1, 40, 53)
    made = batches(file_of(tmp_path, 53, sizes), pad_ids={"token_ids": 99})
    for batch in made.epoch(1):
        assert set(batch.inputs) == {"token_ids", "padding_mask"}
        assert batch.labels is not None
        for line, index in enumerate(batch.indices):
            if index < 0:
                assert batch.weights[line] == 0
                continue
            ids = batch.inputs["token_ids"][line]
            assert (ids[: sizes[index]] == index + 1).all()
            assert (ids[sizes[index] :] == 99).all()
            assert batch.inputs["padding_mask"][line].sum() == sizes[index]
            assert batch.labels[line] == index % 3 and batch.weights[line] == 1


def test_rows_count_what_their_class_does(tmp_path):
    factors = np.array([0.5, 1, 2], np.float32)
    for batch in batches(file_of(tmp_path, 53), factors=factors).epoch():
        for index, weight in zip(batch.indices, batch.weights, strict=True):
            assert weight == (0 if index < 0 else factors[index % 3])


def test_orders_differ_by_epoch_and_seed_and_are_the_same_again(tmp_path):
    path = file_of(tmp_path, 211)

    def order(seed, epoch):
        return [real(batch) for batch in batches(path, seed=seed).epoch(epoch)]

    orders = [order(seed, epoch) for seed in (0, 1) for epoch in (0, 1)]
    assert all(a != b for n, a in enumerate(orders) for b in orders[:n])
    assert order(1, 1) == orders[3]


@pytest.mark.parametrize("count", [17, 64, 211])
def test_a_restarted_epoch_gives_the_same_tail(tmp_path, count):
    path = file_of(tmp_path, count)
    made = batches(path, seed=2)
    whole = list(made.epoch(4))
    for start in range(len(made) + 1):
        tail = list(batches(path, seed=2).epoch(4, start_step=start))
        assert len(tail) == len(whole) - start
        for ours, theirs in zip(tail, whole[start:], strict=True):
            assert ours.indices.tolist() == theirs.indices.tolist()
            for key, value in theirs.inputs.items():
                np.testing.assert_array_equal(ours.inputs[key], value)


def test_a_restart_reads_nothing_of_the_windows_that_are_done(tmp_path, monkeypatch):
    made = batches(file_of(tmp_path, 211))
    read = []
    block = made.examples.block
    monkeypatch.setattr(made.examples, "block", lambda n: read.append(n) or block(n))
    list(made.epoch(0, start_step=len(made) - 1))
    assert len(read) <= 5


def test_two_windows_have_two_shuffles(tmp_path):
    """Else the same places of each window would always meet."""
    sizes = np.full(64, 7)
    made = batches(file_of(tmp_path, 64, sizes), window=32)
    blocks = made._order(0).blocks
    rows = [n for block in blocks for n in range(5 * block, min(5 * block + 5, 64))]
    place = {row: n for n, row in enumerate(rows)}
    steps = [[place[row] % 32 for row in real(batch)] for batch in made.epoch()]
    assert steps[:8] != steps[8:]


def test_a_file_sorted_by_label_is_mixed_in_each_window(tmp_path):
    """A window of 60 blocks of one label each: a share of 1/2, give or take 4 sigma."""
    count = 3000
    labels = ["a"] * (count // 2) + ["b"] * (count // 2)
    path = file_of(tmp_path, count, np.full(count, 5), labels)
    made = batches(path, window=300, batch_size=20)
    steps = list(made.epoch())
    for start in range(0, len(steps), 15):
        window = np.concatenate([batch.labels for batch in steps[start : start + 15]])
        assert 0.5 - 4 * 0.5 / 60**0.5 < window.mean() < 0.5 + 4 * 0.5 / 60**0.5
    single = sum(len(set(batch.labels.tolist())) == 1 for batch in steps)
    assert single < 0.02 * len(steps)


def test_shapes_are_those_of_the_sample_and_one_for_longer_rows(tmp_path, monkeypatch):
    monkeypatch.setattr("kewen.data.streamed_batches.SAMPLE", 2)
    sizes = np.full(200, 9)
    shapes = {(4, 16), (4, 40)}
    assert batches(file_of(tmp_path, 200, sizes)).shapes == shapes
    sampled = permutation(40, 0)[:2]
    row = next(n for n in range(200) if n // 5 not in sampled)
    sizes[row] = 38
    made = batches(file_of(tmp_path, 200, sizes))
    assert made.shapes == shapes
    (where,) = (batch for batch in made.epoch() if row in batch.indices)
    assert where.inputs["token_ids"].shape == (4, 40)


def test_few_rows_make_small_batches(tmp_path):
    made = batches(file_of(tmp_path, 3), batch_size=64)
    assert {batch.indices.shape for batch in made.epoch()} == {(4,)}


def test_padding_is_estimated_from_the_sample(tmp_path):
    made = batches(file_of(tmp_path, 211), window=1000)
    cells = sum(batch.inputs["token_ids"].size for batch in made.epoch())
    tokens = sum(
        int(batch.inputs["padding_mask"][batch.indices >= 0].sum())
        for batch in made.epoch()
    )
    assert made.padding_share == pytest.approx(1 - tokens / cells)


def test_a_file_changed_in_the_middle_of_an_epoch_is_an_error(tmp_path):
    path = file_of(tmp_path, 211)
    made = batches(path)
    epoch = made.epoch()
    next(epoch)
    path.write_text(path.read_text().replace('"a"', '"b"'))
    with pytest.raises(DataError, match="must stay as it is"):
        list(epoch)


def test_an_epoch_that_is_given_up_leaves_no_thread(tmp_path):
    epoch = batches(file_of(tmp_path, 211)).epoch()
    next(epoch)
    epoch.close()
    assert not [t for t in threading.enumerate() if "read-ahead" in t.name]


def test_digests_tell_data_and_plans_apart(tmp_path):
    path = file_of(tmp_path, 53)
    first = batches(path)
    assert batches(path).digest_of_data() == first.digest_of_data()
    assert batches(path).digest_of_plan() == first.digest_of_plan()
    factors = np.ones(3, np.float32)
    other = file_of(tmp_path, 54)
    for made in (batches(other), batches(path, factors=factors)):
        assert made.digest_of_data() != first.digest_of_data()
    for options in ({"seed": 1}, {"window": 32}, {"batch_size": 8}, {"max_shapes": 1}):
        assert batches(path, **options).digest_of_plan() != first.digest_of_plan()
        assert batches(path, **options).digest_of_data() == first.digest_of_data()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"batch_size": 0}, ConfigError, "1 or more"),
        ({"window": 0}, ConfigError, "1 or more"),
        ({"seed": -1}, ConfigError, "seed must be 0 or more"),
        ({"max_length": 20}, DataError, "at most max_length"),
        ({"numbers": LabelSet(["a", "b"]).encode}, DataError, "'c'"),
    ],
)
def test_bad_settings_are_refused(tmp_path, options, error, message):
    with pytest.raises(error, match=message):
        list(batches(file_of(tmp_path, 53), **options).epoch())


def test_rows_of_other_keys_are_refused(tmp_path):
    examples = stream_examples(file_of(tmp_path, 5))
    with pytest.raises(ShapeError, match="Received: ids"):
        StreamedBatches(
            examples,
            lambda some: [{"ids": np.arange(3)} for _ in some],
            numbers=LABELS.encode,
            max_length=4,
        )


def test_a_start_beyond_the_epoch_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="Received: 99"):
        batches(file_of(tmp_path, 5)).epoch(0, start_step=99)


def most_memory(path):
    """Bytes that Python held at most, from indexing to the end of an epoch."""
    tracemalloc.start()
    try:
        made = batches(path, window=64)
        for _ in made.epoch():
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_file(tmp_path, monkeypatch):
    """The larger file is read in ten times as many windows; only its index grows."""
    monkeypatch.setattr(blocks_module, "BLOCK_LINES", 16)
    small, large = (
        file_of(tmp_path, count, np.full(count, 30)) for count in (2000, 20000)
    )
    grown = large.stat().st_size - small.stat().st_size
    assert most_memory(large) - most_memory(small) < grown / 10
