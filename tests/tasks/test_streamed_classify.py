"""A classifier trained on a file that stays on the disk."""

import csv
import json
import random

import keras
import numpy as np
import pytest
from toy import LABELLED

from kewen.data import Batches, StreamedBatches, stream_examples
from kewen.data import blocks as blocks_module
from kewen.data import streaming as streaming_module
from kewen.errors import ConfigError, DataError
from kewen.tasks import TextClassifier
from kewen.training import History


@pytest.fixture
def classifier(new_pretrained):
    return TextClassifier(new_pretrained(), max_length=8)


@pytest.fixture
def file(tmp_path):
    """The toy task's sixteen texts, sorted by label."""
    path = tmp_path / "train.jsonl"
    rows = sorted(LABELLED, key=lambda row: row[1])
    lines = [json.dumps({"text": text, "label": label}) for text, label in rows]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture
def given(monkeypatch):
    """The batches that the training would be given; nothing is trained."""
    calls = []

    def fit(model, batches, **options):
        calls.append(batches)
        return History()

    monkeypatch.setattr("kewen.tasks.classify.fit", fit)
    return calls


def test_a_streamed_file_is_learned_as_one_in_memory(
    new_pretrained, toy, file, monkeypatch
):
    monkeypatch.setattr(blocks_module, "BLOCK_LINES", 3)
    found = []
    for stream in (True, False):
        classifier = TextClassifier(new_pretrained(), max_length=8)
        history = classifier.fit(
            file,
            stream=stream,
            epochs=12,
            learning_rate=1e-2,
            batch_size=8,
            progress=False,
        )
        found.append((classifier.evaluate(toy).accuracy, len(history.loss)))
    assert found == [(1.0, 24), (1.0, 24)]


@pytest.mark.parametrize(
    ("stream", "limit", "kind"),
    [
        (None, 100_000_000, Batches),
        (None, 10, StreamedBatches),
        (False, 10, Batches),
        (True, 100_000_000, StreamedBatches),
    ],
)
def test_a_large_file_is_streamed_unless_said_otherwise(
    classifier, given, file, monkeypatch, stream, limit, kind
):
    monkeypatch.setattr(streaming_module, "STREAM_BYTES", limit)
    classifier.fit(file, stream=stream)
    assert type(given[0]) is kind
    assert classifier.labels.names == ("neg", "pos")


def test_what_cannot_be_streamed_is_not_unasked(
    classifier, given, file, toy, tmp_path, monkeypatch
):
    monkeypatch.setattr(streaming_module, "STREAM_BYTES", 10)
    table = tmp_path / "train.csv"
    with table.open("w", newline="", encoding="utf-8") as opened:
        csv.writer(opened).writerows([("text", "label"), *LABELLED])
    classifier.fit(table)
    classifier.fit(file, tokens_per_batch=64)
    classifier.fit(toy)
    assert [type(batches) for batches in given] == [Batches] * 3


def test_examples_that_are_streamed_already_stay_so(classifier, given, file):
    classifier.fit(stream_examples(file))
    assert type(given[0]) is StreamedBatches


def test_a_streamed_row_counts_what_its_class_does(classifier, given, tmp_path):
    path = tmp_path / "train.tsv"
    path.write_text("a film\tx\n" * 3 + "a book\ty\n", encoding="utf-8")
    columns = {"text": 0, "label": 1}
    for stream in (True, False):
        classifier.fit(path, stream=stream, class_weights="balanced", **columns)
    weights = [
        dict(
            pair
            for batch in batches.epoch()
            for pair in zip(batch.labels, batch.weights, strict=True)
        )
        for batches in given
    ]
    assert weights[0] == weights[1] == {0: pytest.approx(4 / 6), 1: 2.0}


@pytest.mark.parametrize("pair", [None, "label"])
def test_streamed_rows_are_encoded_as_in_memory(classifier, given, file, pair):
    for stream in (True, False):
        classifier.fit(file, stream=stream, pair=pair)
    found = [
        sorted(
            row.tobytes()
            for batch in batches.epoch()
            for row in np.stack(
                [batch.inputs["token_ids"], batch.inputs["segment_ids"]], axis=1
            )
        )
        for batches in given
    ]
    assert found[0] == found[1]


def test_a_label_that_is_unknown_is_named_with_its_line(new_pretrained, file):
    text = file.read_text(encoding="utf-8")
    file.write_text(text + '\n{"text": "a", "label": "odd"}', encoding="utf-8")
    classifier = TextClassifier(new_pretrained(), ["neg", "pos"], max_length=8)
    with pytest.raises(DataError, match=r"train\.jsonl.*'odd' \(line 17\)"):
        classifier.fit(file, stream=True)


@pytest.mark.parametrize(
    ("source", "options", "error", "message"),
    [
        ("examples", {"stream": True}, ConfigError, "Only a file"),
        ("file", {"stream": True, "tokens_per_batch": 9}, ConfigError, "batch_size"),
        ("one label", {"stream": True}, DataError, "at least two classes"),
    ],
)
def test_what_streaming_cannot_do_is_refused(
    classifier, file, toy, source, options, error, message
):
    if source == "one label":
        file.write_text('{"text": "a", "label": "x"}', encoding="utf-8")
    with pytest.raises(error, match=message):
        classifier.fit(toy if source == "examples" else file, **options)


def test_as_many_programs_are_compiled_as_there_are_shapes(
    classifier, tmp_path, monkeypatch
):
    if keras.backend.backend() != "jax":
        pytest.skip("counts what JAX traces")
    monkeypatch.setattr(blocks_module, "BLOCK_LINES", 5)
    monkeypatch.setattr("kewen.data.streamed_batches.WINDOW", 32)
    chance = random.Random(0)
    path = tmp_path / "train.jsonl"
    with path.open("w", encoding="utf-8") as opened:
        for number in range(150):  # windows of 32, the last of 22
            text = " ".join(["film"] * chance.choice([1, 2, 9, 13]))
            line = {"text": text, "label": "ab"[number % 2]}
            opened.write(json.dumps(line) + "\n")
    classifier.max_length = 16
    shapes = []
    call = keras.Model.stateless_call

    def counted(self, trainable, fixed, inputs, **options):
        shapes.append(inputs["token_ids"].shape)
        return call(self, trainable, fixed, inputs, **options)

    monkeypatch.setattr(keras.Model, "stateless_call", counted)
    history = classifier.fit(path, stream=True, epochs=2, batch_size=8, progress=False)
    assert {*shapes} == {(8, 8), (8, 16)} and history.shapes == 2
    assert len(history.loss) == 2 * 19
