"""A classifier of texts, from examples to answers."""

import dataclasses

import numpy as np
import pytest

from kewen.data import Example
from kewen.errors import ConfigError, DataError
from kewen.tasks import TextClassifier
from kewen.training import History


@pytest.fixture
def told(monkeypatch):
    """What the training would be given; nothing is trained."""
    calls = []

    def fit(model, batches, **options):
        calls.append((batches, options))
        return History()

    monkeypatch.setattr("kewen.tasks.classify.fit", fit)
    return calls


@pytest.fixture
def classifier(new_pretrained):
    return TextClassifier(new_pretrained(), max_length=8)


def file_of(tmp_path, *lines):
    path = tmp_path / "examples.tsv"
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return path


def test_a_toy_task_is_learned_to_the_last_text(learned, toy):
    scores = learned.evaluate(toy)
    assert (scores.accuracy, scores.macro_f1) == (1.0, 1.0)
    assert learned.history.epochs[-1]["val_accuracy"] == 1.0


def test_predictions_are_the_labels_with_probabilities_of_all(learned, toy):
    answers = learned.predict([example.text for example in toy])
    assert [answer.label for answer in answers] == [example.label for example in toy]
    for answer in answers:
        assert list(answer.probabilities) == ["neg", "pos"]
        assert sum(answer.probabilities.values()) == pytest.approx(1)
        assert answer.probability == max(answer.probabilities.values())
        assert answer.probabilities[answer.label] == answer.probability


def test_predictions_keep_the_order_of_the_texts_over_buckets(learned):
    texts = ["good", "a film was a film was bad", "awful", "the book was fine"]
    together = [answer.probability for answer in learned.predict(texts, batch_size=2)]
    alone = [learned.predict([text])[0].probability for text in texts]
    assert together == pytest.approx(alone, abs=1e-5)


def test_no_texts_have_no_predictions(learned):
    assert learned.predict([]) == []


def test_the_second_text_of_a_pair_is_seen(learned):
    texts = ["the film", "the film"]
    examples = [Example("the film", pair="good"), Example("the film", pair="bad")]
    logits = learned.logits(examples)
    answers = learned.predict(texts, ["good", "bad"])
    assert not np.allclose(logits[0], logits[1])
    powers = np.exp(logits)
    wanted = powers / powers.sum(-1, keepdims=True)
    for answer, row in zip(answers, wanted, strict=True):
        assert list(answer.probabilities.values()) == pytest.approx(list(row), abs=1e-5)


def test_pairs_of_a_file_are_read_by_column(classifier, told, tmp_path):
    path = file_of(tmp_path, "a film\tgood\tx", "a book\tbad\ty")
    classifier.fit(path, text=0, pair=1, label=2)
    batches, _ = told[0]
    assert [row["segment_ids"].tolist() for row in batches.rows] == [
        [0, 0, 0, 0, 1, 1]
    ] * 2
    assert classifier.labels.names == ("x", "y")


def test_a_file_in_another_encoding_is_read_where_it_is_named(
    classifier, told, tmp_path
):
    path = tmp_path / "gb.tsv"
    path.write_bytes("text\tlabel\n很好\t好\nbad\t坏\n".encode("gb18030"))
    classifier.fit(path, path, encoding="gb18030")
    assert classifier.labels.names == ("坏", "好")
    scores = classifier.evaluate(path, encoding="gb18030")
    assert scores.support.tolist() == [1, 1]


@pytest.mark.parametrize(
    ("texts", "pairs", "said"),
    [
        ("good", None, "one text"),
        (None, None, "NoneType"),
        (["good"], "bad", "one text"),
        (["good", "bad"], ["fine"], "2 and 1"),
    ],
)
def test_texts_that_are_no_list_of_texts_are_refused(learned, texts, pairs, said):
    with pytest.raises(DataError, match=said):
        learned.predict(texts, pairs)


def test_a_classifier_without_labels_says_how_to_get_them(classifier):
    with pytest.raises(ConfigError, match="Call fit first"):
        classifier.predict(["good"])


def test_a_model_without_tokenizer_is_refused(new_pretrained):
    bare = dataclasses.replace(new_pretrained(), tokenizer=None)
    with pytest.raises(ConfigError, match=r"vocab\.txt"):
        TextClassifier(bare)


@pytest.mark.parametrize("max_length", [2, 17])
def test_a_max_length_that_the_model_cannot_take_is_refused(new_pretrained, max_length):
    with pytest.raises(ConfigError, match=rf"from 3 to 16.*Received: {max_length}"):
        TextClassifier(new_pretrained(), max_length=max_length)


def test_a_monitor_that_is_not_measured_is_refused_before_training(classifier, toy):
    with pytest.raises(ConfigError, match=r"'val_macro_f1'\].*'val_acc'"):
        classifier.fit(toy, toy, monitor="val_acc", progress=False)


def test_one_class_only_is_refused(classifier, tmp_path):
    path = file_of(tmp_path, "text\tlabel", "good\tpos", "fine\tpos")
    with pytest.raises(DataError, match=r"at least two classes.*\['pos'\]"):
        classifier.fit(path)


def test_a_dev_label_that_training_lacks_is_named_with_its_file(
    classifier, toy, tmp_path
):
    dev = file_of(tmp_path, "text\tlabel", "good\tpos", "good\tneutral")
    with pytest.raises(DataError, match=r"examples\.tsv.*'neutral' \(line 3\)"):
        classifier.fit(toy, dev)


@pytest.mark.parametrize("lines", [(), ("text\tlabel",)])
def test_a_file_without_examples_is_refused(classifier, tmp_path, lines):
    with pytest.raises(DataError, match=r"examples\.tsv"):
        classifier.fit(file_of(tmp_path, *lines))


def test_a_missing_column_is_named_beside_those_that_are_there(classifier, tmp_path):
    path = file_of(tmp_path, "text\tclass", "good\tpos", "bad\tneg")
    with pytest.raises(DataError, match=r"label.*class"):
        classifier.fit(path)


@pytest.mark.parametrize("source", [[], ["good"], 7])
def test_what_is_neither_path_nor_examples_is_refused(classifier, source):
    with pytest.raises(DataError, match="Examples are a path"):
        classifier.fit(source)


def test_balanced_weights_make_classes_count_the_same(classifier, toy, told):
    rare = [example for example in toy if example.label == "pos"] + toy[2:4]
    classifier.fit(rare, class_weights="balanced")
    batches, _ = told[0]
    # N / (L * count): 8 of class 1 and 2 of class 0.
    wanted = np.array([10 / (2 * 2), 10 / (2 * 8)], "float32")
    np.testing.assert_allclose(batches.weights, wanted[batches.labels])


def test_weights_by_name_are_those_of_the_rows(classifier, toy, told):
    classifier.fit(toy, class_weights={"pos": 3.0, "neg": 0.5})
    batches, _ = told[0]
    np.testing.assert_array_equal(
        batches.weights, np.where(batches.labels == 1, 3.0, 0.5)
    )


@pytest.mark.parametrize("wanted", ["even", {"pos": 1.0}, [1.0, 2.0]])
def test_class_weights_that_do_not_name_the_classes_are_refused(
    classifier, toy, wanted
):
    with pytest.raises(ConfigError, match=r"\['neg', 'pos'\]"):
        classifier.fit(toy, class_weights=wanted)


@pytest.mark.parametrize("neg", [-1.0, float("nan"), float("inf"), "much", 0.0])
def test_class_weights_that_no_class_can_have_are_refused(classifier, toy, neg):
    with pytest.raises(ConfigError, match="class_weights"):
        classifier.fit(toy, class_weights={"pos": 0.0, "neg": neg})


def test_the_same_seed_draws_the_same_classifier(new_pretrained):
    def kernel(seed):
        classifier = TextClassifier(
            new_pretrained(), labels=["x", "y"], max_length=8, seed=seed
        )
        weights = classifier.pretrained.model.weights_by_path()
        return np.asarray(weights["classifier/kernel"])

    np.testing.assert_array_equal(kernel(1), kernel(1))
    assert not np.allclose(kernel(1), kernel(2))


def test_an_unknown_pooling_is_refused(new_pretrained):
    with pytest.raises(ConfigError, match=r"classifier_pooling.*'max'"):
        TextClassifier(new_pretrained(), ["x", "y"], pooling="max", max_length=8)
