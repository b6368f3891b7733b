"""What was loaded is saved again tensor by tensor, and opens here and elsewhere."""

import dataclasses
import functools
import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from golden_cases import GOLDEN, Pass

import kewen
from kewen.checkpoints import open_checkpoint
from kewen.errors import ConfigError, FileError
from kewen.models import Backbone

HF = GOLDEN / "huggingface"
BERTS = ["bert_mlm", "bert_model", "bert_sequence_classification"]
ROBERTAS = ["roberta_mlm", "xlm_roberta_mlm"]
OTHER_FILES = ["bert_bin_gamma_beta", "bert_bin_legacy", "bert_bin_zip", "bert_sharded"]
ROOT = Path(__file__).parents[2]


@functools.cache
def loaded(case):
    return kewen.load(HF / case)


def named(name):
    """Files of 2019 call a norm's weights gamma and beta; we write today's names."""
    return name.replace("LayerNorm.gamma", "LayerNorm.weight").replace(
        "LayerNorm.beta", "LayerNorm.bias"
    )


@pytest.mark.parametrize("format", ["hf", "tf1"])
@pytest.mark.parametrize("head", ["sequence_classification", "token_classification"])
@pytest.mark.parametrize("case", ["electra_mlm", "roberta_mlm", "roformer_mlm"])
def test_labels_of_a_classifier_are_counted_in_every_layout(
    case, head, format, tmp_path
):
    config = dataclasses.replace(loaded(case).config, num_labels=5)
    model = Backbone(config, heads=[head])
    kewen.models.Pretrained(model=model).save(tmp_path / "out", format=format)
    again = kewen.load(tmp_path / "out").model
    assert (again.config.num_labels, again.heads) == (5, (head,))


@pytest.mark.parametrize("case", [*BERTS, *ROBERTAS, *OTHER_FILES])
def test_saved_tensors_are_those_of_the_original_file(case, tmp_path):
    pretrained = loaded(case)
    pretrained.save(tmp_path / "out")
    skipped = {each.name for each in pretrained.account.skipped}
    with (
        open_checkpoint(HF / case) as original,
        open_checkpoint(tmp_path / "out") as ours,
    ):
        wanted = {named(n): original[n].tobytes() for n in original if n not in skipped}
        assert {name: ours[name].tobytes() for name in ours} == wanted


def test_saved_config_json_keeps_keys_that_kewen_does_not_know(tmp_path):
    loaded("bert_model").save(tmp_path / "out")
    saved = json.loads((tmp_path / "out" / "config.json").read_text("utf-8"))
    assert saved["transformers_version"] == "5.23.0"


@pytest.mark.parametrize("case", [*BERTS, *ROBERTAS])
def test_saved_config_json_says_what_the_original_said(case, tmp_path):
    loaded(case).save(tmp_path / "out")
    saved = json.loads((tmp_path / "out" / "config.json").read_text("utf-8"))
    original = json.loads((HF / case / "config.json").read_text("utf-8"))
    assert {key: saved.get(key) for key in original} == original


def test_kewen_json_brings_back_what_config_json_cannot_say(tmp_path):
    pretrained = kewen.load(
        HF / "bert_mlm",
        application="lm",
        options={"pooler_activation": "linear", "classifier_pooling": "mean"},
    )
    pretrained.save(tmp_path / "out")
    again = kewen.load(tmp_path / "out")
    assert (again.config, again.model.application) == (pretrained.config, "lm")


def edit(path, **values):
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | values), "utf-8")


def save_as_before(pretrained, folder):
    """As kewen saved once: kewen.json repeats all that config.json says."""
    pretrained.save(folder)
    edit(folder / "kewen.json", config=pretrained.config.as_dict())


@pytest.mark.parametrize("name", ["bert_model", "distilbert_mlm", "modernbert_mlm"])
@pytest.mark.parametrize("application", ["encoder", "lm", "unilm", "permuted"])
def test_mask_is_saved_where_transformers_reads_it(application, name, tmp_path):
    base = loaded(name)
    kewen.Pretrained(
        model=base.model.redrawn(application=application), config_json=base.config_json
    ).save(tmp_path / "out")
    saved = json.loads((tmp_path / "out" / "config.json").read_text("utf-8"))
    assert saved["is_decoder"] is (application == "lm")
    assert kewen.load(tmp_path / "out").model.application == application


def test_decoder_of_transformers_has_the_causal_mask_unless_the_caller_names_one(
    tmp_path,
):
    loaded("bert_model").save(tmp_path / "out")
    (tmp_path / "out" / "kewen.json").unlink()
    edit(tmp_path / "out" / "config.json", is_decoder=True)
    assert kewen.load(tmp_path / "out").model.application == "lm"
    model = kewen.load(tmp_path / "out", application="encoder").model
    assert model.application == "encoder"


def test_mask_that_kewen_json_names_counts(tmp_path):
    loaded("bert_model").save(tmp_path / "out")
    edit(tmp_path / "out" / "kewen.json", application="lm")  # as kewen saved once
    assert kewen.load(tmp_path / "out").model.application == "lm"


@pytest.mark.parametrize("save", [kewen.Pretrained.save, save_as_before])
def test_edited_config_json_of_a_saved_folder_counts(save, tmp_path):
    save(loaded("bert_model"), tmp_path / "out")
    edit(tmp_path / "out" / "config.json", num_attention_heads=8, layer_norm_eps=0.5)
    config = kewen.load(tmp_path / "out").config
    assert (config.num_heads, config.norm_epsilon) == (8, 0.5)


def test_option_for_a_key_of_bert4keras_is_saved_without_contradiction(tmp_path):
    base = loaded("bert_model")
    pretrained = kewen.Pretrained(
        model=base.model, config_json={**base.config_json, "dropout_rate": 0.9}
    )
    pretrained.save(tmp_path / "out")
    assert kewen.load(tmp_path / "out").config == pretrained.config


def test_task_heads_are_saved_and_loaded_with_their_values(tmp_path):
    heads = ["token_classification", "question_answering"]
    for head in heads:
        base = loaded("bert_model")
        model = base.model.redrawn(heads=[head])
        pretrained = kewen.Pretrained(model=model, config_json=base.config_json)
        pretrained.save(tmp_path / head)
        again = kewen.load(tmp_path / head).model
        assert again.heads == (head,)
        weights = again.weights_by_path()
        for path, weight in model.weights_by_path().items():
            np.testing.assert_array_equal(np.asarray(weights[path]), np.asarray(weight))


def test_saving_over_a_folder_is_refused(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "work.txt").write_text("of years", encoding="utf-8")
    with pytest.raises(FileError, match="overwrite"):
        loaded("bert_model").save(tmp_path / "out")


def test_unknown_format_is_refused_by_name(tmp_path):
    with pytest.raises(ConfigError, match="'onnx'"):
        loaded("bert_model").save(tmp_path / "out", format="onnx")


RELOAD = {
    "kewen.load": "import kewen; m = kewen.load(path).model",
    "keras with kewen.layers": (
        "import kewen.layers, keras; m = keras.saving.load_model(path)"
    ),
}


@pytest.fixture(scope="module")
def keras_file(tmp_path_factory):
    """A saved model, with one batch of inputs and its logits beside it."""
    folder = tmp_path_factory.mktemp("keras")
    given = Pass("huggingface", "bert_mlm")
    model = loaded("bert_mlm").model
    inputs = {name: given.inputs[name] for name in model.inputs_by_name}
    logits = model.predict_on_batch(inputs)["mlm_logits"]
    np.savez(folder / "batch.npz", **inputs, logits=logits)
    model.save(folder / "m.keras")
    return folder / "m.keras"


@pytest.mark.parametrize("opening", RELOAD.values(), ids=RELOAD)
def test_keras_file_opens_in_a_new_process_without_custom_objects(opening, keras_file):
    code = f"""
import sys, pathlib, numpy as np
path = pathlib.Path(sys.argv[1])
{opening}
batch = dict(np.load(path.with_name("batch.npz")))
logits = batch.pop("logits")
print(np.abs(m.predict_on_batch(batch)["mlm_logits"] - logits).max() < 1e-5)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(keras_file)],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": keras.backend.backend()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split()[-1:] == ["True"], done.stderr


def test_keras_folder_is_loaded_with_its_config(tmp_path):
    pretrained = loaded("bert_model")
    pretrained.save(tmp_path / "out", format="keras")
    assert kewen.load(tmp_path / "out").config == pretrained.config


SEVERAL = [
    ("bert", ("next_sentence", "token_classification")),
    ("electra", ("replaced_token", "masked_lm")),
    ("electra", ("sequence_classification", "token_classification")),
]


def toy(name, heads):
    config = kewen.models.family(name).config.from_dict(
        {
            "vocabulary_size": 20,
            "num_layers": 1,
            "num_heads": 2,
            "hidden_dim": 8,
            "intermediate_dim": 16,
            "max_length": 16,
        }
    )
    return Backbone(config, heads=heads)


@pytest.mark.parametrize("format", ["hf", "tf1"])
@pytest.mark.parametrize(("name", "heads"), SEVERAL, ids=str)
def test_heads_of_several_of_transformers_classes_come_back(
    tmp_path, name, heads, format
):
    kewen.Pretrained(model=toy(name, heads)).save(tmp_path / "out", format=format)
    assert kewen.load(tmp_path / "out", tokenizer=False).model.heads == heads


@pytest.mark.parametrize("noted", [7, ["nose"], [["masked_lm"]], "masked_lm", []])
def test_a_note_of_heads_that_are_not_there_is_left_aside(tmp_path, noted):
    kewen.Pretrained(model=toy("bert", ["masked_lm"])).save(tmp_path / "out")
    path = tmp_path / "out" / "kewen.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "heads": noted}))
    loaded = kewen.load(tmp_path / "out", tokenizer=False)
    assert loaded.model.heads == ("masked_lm",)
