"""Writers trained from files: formats, streams, restarts, and what is refused."""

import json
import math

import keras
import numpy as np
import pytest
from writers import letters_tokenizer, reversals, without_dropout, writer_of

import kewen
from kewen.data import Batches, Example, StreamedBatches, stream_examples
from kewen.data import blocks as blocks_module
from kewen.errors import ConfigError, DataError
from kewen.tasks import Generator
from kewen.tasks.likelihoods import Likelihoods, mean_loss
from kewen.tasks.target_models import logits_model
from kewen.training import History

PAIRS = [("a b", "b a"), ("c", "c"), ("d d a", "a d d"), ("b", "b")]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    return letters_tokenizer(tmp_path_factory.mktemp("letters"))


@pytest.fixture
def given(monkeypatch):
    """The batches that the training would be given; nothing is trained."""
    calls = []

    def fit(model, batches, **options):
        calls.append(batches)
        return History()

    monkeypatch.setattr("kewen.tasks.generate.fit", fit)
    return calls


def written(path, names=("prompt", "answer"), rows=PAIRS):
    """A file of the format that its name says."""
    if path.suffix == ".jsonl":
        lines = [json.dumps(dict(zip(names, row, strict=True))) for row in rows]
    else:
        mark = "," if path.suffix == ".csv" else "\t"
        lines = [mark.join(row) for row in ([names, *rows] if names else rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def targets_of(batches):
    """What each row is to write, in any order."""
    return sorted(
        line[line >= 0].tolist()
        for batch in batches.epoch()
        for line, index in zip(batch.inputs["target_ids"], batch.indices, strict=True)
        if index >= 0
    )


@pytest.mark.parametrize("ending", ["jsonl", "tsv", "csv"])
@pytest.mark.parametrize(
    "names", [("prompt", "answer"), ("source", "target"), ("text", "target")]
)
def test_the_usual_names_of_columns_are_known(
    tokenizer, given, tmp_path, ending, names
):
    writer = writer_of("unilm", tokenizer)
    writer.fit(written(tmp_path / f"train.{ending}", names))
    examples = [Example(prompt, pair=answer) for prompt, answer in PAIRS]
    writer.fit(examples)
    assert targets_of(given[0]) == targets_of(given[1])


def test_columns_may_be_named_or_counted(tokenizer, given, tmp_path):
    writer = writer_of("decoder", tokenizer)
    writer.fit(written(tmp_path / "a.tsv", ("q", "a")), text="q", target="a")
    writer.fit(written(tmp_path / "b.tsv", None), text=0, target=1)
    writer.fit(written(tmp_path / "c.tsv", ("q", "a")), text="a")
    assert targets_of(given[0]) == targets_of(given[1])
    # Texts, without prompts: the first token is one of them.
    assert targets_of(given[2]) == targets_of(given[1])
    first = {int(row["target_places"][0]) for row in given[2].rows}
    assert first == {0}


def test_a_file_of_lines_is_texts(tokenizer, given, tmp_path):
    path = tmp_path / "train.txt"
    path.write_text("a b\n\nc\n", encoding="utf-8")
    writer_of("decoder", tokenizer).fit(path)
    assert targets_of(given[0]) == [[5, 6, 3], [7, 3]]


@pytest.mark.parametrize(
    ("kind", "name", "names", "options", "message"),
    [
        ("decoder", "a.jsonl", ("q", "a"), {}, r"prompt and answer.*'q', 'a'.*text="),
        ("decoder", "a.tsv", ("q", "a"), {}, "prompt and answer"),
        ("decoder", "a.jsonl", ("q", "a"), {"text": "x"}, "no field 'x'"),
        ("unilm", "a.jsonl", ("text", "more"), {}, "without a target"),
        ("encoder_decoder", "a.jsonl", ("text", "more"), {}, "without a target"),
    ],
)
def test_files_that_do_not_suit_are_refused(
    tokenizer, given, tmp_path, kind, name, names, options, message
):
    with pytest.raises(DataError, match=message):
        writer_of(kind, tokenizer).fit(written(tmp_path / name, names), **options)


def test_texts_of_one_token_teach_nothing(tmp_path, given):
    tokenizer = letters_tokenizer(tmp_path)
    writer = writer_of("decoder", tokenizer)
    writer.rows._before, writer.rows._end = [], []
    with pytest.raises(DataError, match="at least one row"):
        writer.fit([Example("a"), Example("b")])
    path = tmp_path / "train.jsonl"
    path.write_text('{"text": "a"}\n', encoding="utf-8")
    with pytest.raises(DataError, match="more than one token"):
        writer.fit(path, stream=True)


@pytest.mark.parametrize("names", [("prompt", "answer"), ("text", "x")])
def test_a_streamed_file_gives_the_rows_of_one_in_memory(
    tokenizer, given, tmp_path, monkeypatch, names
):
    monkeypatch.setattr(blocks_module, "BLOCK_LINES", 3)
    monkeypatch.setattr("kewen.data.streamed_batches.WINDOW", 8)
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(list("abcd"), n)) for n in rng.integers(1, 40, 31)]
    rows = list(zip(texts, reversed(texts), strict=True))
    path = written(tmp_path / "train.jsonl", names, rows)
    writer = writer_of("decoder", tokenizer, max_length=12)
    for stream in (True, False):
        writer.fit(path, stream=stream, batch_size=4)
    streamed, whole = given
    assert type(streamed) is StreamedBatches and type(whole) is Batches
    assert len(streamed) == len(whole)
    assert streamed.num_rows == whole.num_rows >= 31
    assert (whole.num_rows > 31) == (names[1] == "x")  # texts go on in the next row
    assert targets_of(streamed) == targets_of(whole)
    for batches in given:
        shapes = {
            (*batch.inputs["token_ids"].shape, batch.labels.shape[1])
            for batch in batches.epoch(1)
        }
        assert shapes <= batches.shapes
    steps = [batch.indices.tolist() for batch in streamed.epoch(1, 3)]
    assert steps == [batch.indices.tolist() for batch in streamed.epoch(1)][3:]


def test_a_streamed_target_longer_than_the_sample_has_a_shape_of_its_own(
    tokenizer, given, tmp_path, monkeypatch
):
    monkeypatch.setattr(blocks_module, "BLOCK_LINES", 2)
    monkeypatch.setattr("kewen.data.streamed_batches.SAMPLE", 1)
    rows = [("a", "b")] * 30 + [("a", " ".join("abcdabcdabcd"))]
    path = written(tmp_path / "train.jsonl", rows=rows)
    writer = writer_of("encoder_decoder", tokenizer, max_length=24)
    writer.fit(path, stream=True, batch_size=4)
    widths = {batch.labels.shape[1] for batch in given[0].epoch()}
    assert widths == {8, 24}
    assert {shape[2] for shape in given[0].shapes} == {8, 24}


def test_what_is_streamed_already_stays_so(tokenizer, given, tmp_path):
    path = written(tmp_path / "train.jsonl")
    examples = stream_examples(path, text="prompt", pair="answer", label=None)
    writer_of("unilm", tokenizer).fit(examples)
    assert type(given[0]) is StreamedBatches


class Killed(BaseException):
    """Stands for kill -9."""


def weights_of(writer):
    model = writer.pretrained.model
    return {w.path: keras.ops.convert_to_numpy(w) for w in model.weights}


def test_a_killed_training_ends_bit_for_bit_as_one_that_was_not(
    tokenizer, tmp_path, monkeypatch
):
    task = reversals()[:20]

    def run(**options):
        writer = writer_of("unilm", tokenizer, dropout=True)
        history = writer.fit(
            task, task, epochs=3, batch_size=4, learning_rate=1e-2, seed=5,
            progress=False, **options,
        )  # fmt: skip
        return weights_of(writer), history.loss

    whole, losses = run()
    options = {"checkpoint": tmp_path / "state", "checkpoint_steps": 2}
    real, left = Batches._batch, [8 + 5 + 1]  # training, one measure, and some

    def counted(self, planned):
        left[0] -= 1
        if left[0] == 0:
            raise Killed
        return real(self, planned)

    with monkeypatch.context() as patch:
        patch.setattr(Batches, "_batch", counted)
        with pytest.raises(Killed):
            run(**options)
    resumed, again = run(**options)
    assert again == losses
    for path, value in whole.items():
        np.testing.assert_array_equal(value, resumed[path], err_msg=path)
    with pytest.raises(ConfigError, match="validation data was"):
        writer_of("unilm", tokenizer, dropout=True).fit(
            task, task[:5], epochs=3, batch_size=4, learning_rate=1e-2, seed=5,
            progress=False, **options,
        )  # fmt: skip


def test_the_epoch_of_the_lowest_perplexity_is_kept_and_training_ends_early(
    tokenizer,
):
    writer = writer_of("decoder", tokenizer)
    task = reversals()
    history = writer.fit(
        task[:60],
        task[60:],
        epochs=30,
        batch_size=16,
        learning_rate=3e-2,
        monitor="val_perplexity",
        patience=1,
        progress=False,
    )
    values = [epoch["val_perplexity"] for epoch in history.epochs]
    best = history.epochs[history.best_epoch - 1]
    assert best["val_perplexity"] == min(values)
    assert math.exp(best["val_loss"]) == pytest.approx(best["val_perplexity"])
    assert len(history.epochs) == history.best_epoch + 1 < 30


def test_what_is_saved_begins_and_ends_texts_as_before(tokenizer, tmp_path):
    writer = writer_of("encoder_decoder", tokenizer, max_length=20)
    writer.save(tmp_path / "t5")
    again = kewen.load_task(tmp_path / "t5")
    assert type(again) is Generator and again.max_length == 20
    assert (again.model.end_ids, again.model.start_id) == ((3,), 0)
    with pytest.raises(ConfigError, match="run by Keras"):
        kewen.load_task(tmp_path / "t5", engine="openvino")


def test_a_model_that_needs_more_than_texts_is_refused(tokenizer):
    writer = writer_of("decoder", tokenizer)
    model = writer.pretrained.model.redrawn(position_input=True)
    writer.pretrained.model = model
    with pytest.raises(ConfigError, match="position_ids"):
        writer.fit([Example("a b")])


def test_a_writer_trains_in_half_precision(tokenizer):
    writer = writer_of("decoder", tokenizer, scale=4.0)
    texts = [Example("a b c")] * 4
    model = writer.pretrained.model
    full = Likelihoods(logits_model(model), writer.rows)
    wanted = mean_loss(full(writer.rows(texts)))
    half = model.redrawn(dtype="mixed_bfloat16", layers=())
    half.set_weights(model.get_weights())
    without_dropout(half)
    writer.pretrained.model = half
    history = writer.fit(texts, epochs=1, progress=False)
    assert history.loss[0] == pytest.approx(wanted, rel=2e-2)
