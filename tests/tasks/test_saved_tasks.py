"""A classifier that was saved answers as before, here and in transformers."""

import json

import numpy as np
import pytest

from kewen.errors import ConfigError, FileError, KewenError
from kewen.models.load import load
from kewen.tasks import TextClassifier, load_task
from kewen.tasks.news_demo import check_reload

TEXTS = ["the film was good", "awful", "很好", "a book was fine bad"]


@pytest.fixture(scope="module")
def loaded(saved):
    return load_task(saved)


def test_a_loaded_classifier_answers_as_the_saved_one(learned, loaded):
    assert loaded.predict(TEXTS) == learned.predict(TEXTS)
    assert loaded.labels == learned.labels
    assert loaded.max_length == learned.max_length


def test_transformers_opens_what_was_saved_with_equal_logits(learned, saved, toy):
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    theirs = transformers.AutoModelForSequenceClassification.from_pretrained(saved)
    encoded = learned.tokenizer([example.text for example in toy])
    with torch.no_grad():
        output = theirs.eval()(
            input_ids=torch.tensor(encoded["token_ids"]).long(),
            token_type_ids=torch.tensor(encoded["segment_ids"]).long(),
            attention_mask=torch.tensor(encoded["padding_mask"]).long(),
        )
    np.testing.assert_allclose(output.logits.numpy(), learned.logits(toy), atol=1e-4)
    assert theirs.config.id2label == {0: "neg", 1: "pos"}


@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_pooling_is_remembered(new_pretrained, tmp_path, pooling):
    classifier = TextClassifier(
        new_pretrained(), ["x", "y", "z"], pooling=pooling, max_length=8
    )
    classifier.save(tmp_path / "model")
    said = json.loads((tmp_path / "model" / "kewen.json").read_text("utf-8"))
    assert said["config"]["classifier_pooling"] == pooling
    again = load_task(tmp_path / "model")
    assert again.predict(TEXTS[:2]) == classifier.predict(TEXTS[:2])


def test_poolings_see_different_things(new_pretrained):
    probabilities = [
        TextClassifier(new_pretrained(), ["x", "y"], pooling=pooling, max_length=8)
        .predict(TEXTS[:1])[0]
        .probability
        for pooling in ("pooler", "cls", "mean")
    ]
    assert len(set(probabilities)) == 3


def test_a_folder_that_is_there_is_not_overwritten_unasked(learned, saved):
    with pytest.raises(FileError, match="overwrite"):
        learned.save(saved)


@pytest.mark.parametrize("problem", ["multi_label_classification", "regression"])
def test_outputs_that_are_no_single_label_are_refused(learned, tmp_path, problem):
    learned.save(tmp_path / "model")
    path = tmp_path / "model" / "config.json"
    config = json.loads(path.read_text("utf-8"))
    assert config["problem_type"] == "single_label_classification"
    path.write_text(json.dumps(config | {"problem_type": problem}), "utf-8")
    with pytest.raises(ConfigError, match=f"problem_type '{problem}'"):
        load_task(tmp_path / "model")
    # A new classifier on it says what it is.
    TextClassifier(load(tmp_path / "model"), ["x", "y"], max_length=8).save(
        tmp_path / "new"
    )
    assert load_task(tmp_path / "new").labels.names == ("x", "y")


def test_a_model_without_classifier_is_no_task(new_pretrained, tmp_path):
    new_pretrained().save(tmp_path / "bare")
    with pytest.raises(ConfigError, match=r"must hold a classifier.*\['pooler'\]"):
        load_task(tmp_path / "bare")


def edited(saved, tmp_path, name, **changes):
    """A copy of the folder, one of its JSON files changed; None takes a key away."""
    folder = tmp_path / "edited"
    folder.mkdir()
    for path in saved.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    data = json.loads((folder / name).read_text("utf-8")) | changes
    data = {key: value for key, value in data.items() if value is not None}
    (folder / name).write_text(json.dumps(data), encoding="utf-8")
    return folder


def test_another_number_of_labels_than_outputs_is_refused(saved, tmp_path):
    folder = edited(saved, tmp_path, "kewen.json", labels=["a", "b", "c"])
    with pytest.raises(ConfigError, match="3 names for 2 outputs"):
        load_task(folder)


@pytest.mark.parametrize(
    "change",
    [
        {"max_length": "x"},
        {"max_length": 7.5},
        {"max_length": [8]},
        {"max_length": 0},
        {"labels": 2},
        {"labels": "ab"},
        {"labels": [1, 2]},
    ],
)
def test_values_of_kewen_json_that_cannot_be_are_named(saved, tmp_path, change):
    folder = edited(saved, tmp_path, "kewen.json", **change)
    (name,) = change
    with pytest.raises(ConfigError, match=rf"{name} in .*kewen\.json must be"):
        load_task(folder)


def test_a_task_that_kewen_does_not_know_is_refused(saved, tmp_path):
    folder = edited(saved, tmp_path, "kewen.json", task="translate")
    with pytest.raises(ConfigError, match="'translate'"):
        load_task(folder)


def test_without_kewen_json_labels_are_those_of_config_json(saved, tmp_path, loaded):
    folder = edited(saved, tmp_path, "config.json", id2label={"1": "B", "0": "A"})
    (folder / "kewen.json").unlink()
    again = load_task(folder)
    assert again.labels.names == ("A", "B")
    assert again.predict(TEXTS)[0].probability == loaded.predict(TEXTS)[0].probability


def test_labels_that_are_no_table_are_refused(saved, tmp_path):
    folder = edited(saved, tmp_path, "config.json", id2label=["a", "b"])
    (folder / "kewen.json").unlink()
    with pytest.raises(ConfigError, match="id2label"):
        load_task(folder)


def test_a_new_process_that_answers_otherwise_is_noticed(saved, learned):
    right, other = learned.predict(TEXTS[:2])
    label = {"neg": "pos", "pos": "neg"}[other.label]
    wrong = type(other)(label, other.probability, other.probabilities)
    # The first text passes, so the process did load the model and answer.
    with pytest.raises(KewenError, match=rf"{label} \(.*Received: {other.label} "):
        check_reload(saved, TEXTS[:2], [right, wrong])
