"""What cannot be loaded says in one paragraph why, and what to do."""

import json
import math
import shutil

import numpy as np
import pytest
from golden_cases import GOLDEN

import kewen
from kewen.checkpoints import open_checkpoint, write_safetensors, write_tf_bundle
from kewen.errors import (
    CheckpointError,
    ConfigError,
    NotFoundError,
    VocabularyError,
    WeightsError,
)
from kewen.models.trace import trace

CASE = GOLDEN / "huggingface" / "bert_model"
ROWS = 80  # of its token table


@pytest.fixture
def folder(tmp_path):
    """A sound model folder, to be spoiled."""
    recorded = shutil.ignore_patterns("expected.npz")  # would pass for weights
    shutil.copytree(CASE, tmp_path / "model", ignore=recorded)
    return tmp_path / "model"


def change_config(folder, **values):
    path = folder / "config.json"
    config = json.loads(path.read_text("utf-8")) | values
    path.write_text(json.dumps(config), encoding="utf-8")


def change_tensors(folder, change):
    with open_checkpoint(folder) as checkpoint:
        tensors = {name: np.array(checkpoint[name]) for name in checkpoint}
    change(tensors)
    (folder / "model.safetensors").unlink()
    write_safetensors(folder / "model.safetensors", tensors)


def refused(kind, folder, said, **options):
    """The refusal's text, which must be one paragraph and contain `said`."""
    with pytest.raises(kind) as caught:
        kewen.load(folder, **options)
    text = str(caught.value)
    assert "\n" not in text
    assert said in text
    return text


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"num_attention_heads": 5}, "hidden_dim=32, num_heads=5"),
        ({"position_embedding_type": "relative_key"}, "must be 'absolute'"),
        ({"num_attention_heads": 0}, "num_heads"),
        ({"num_hidden_layers": -1}, "num_layers"),
        ({"num_hidden_layers": "two"}, "'two'"),
        ({"hidden_size": 3.5}, "3.5"),
        ({"vocab_size": True}, "True"),
        ({"hidden_dropout_prob": 1.5}, "dropout"),
        ({"layer_norm_eps": 0}, "norm_epsilon"),
        ({"hidden_act": "sine"}, "'sine'"),
        ({"hidden_act": [["gelu"]]}, "gelu"),
        ({"max_position": 99}, "max_position_embeddings"),
        ({"model_type": "mamba"}, "'mamba'"),
        ({"model_type": 7}, "7"),
        ({"pad_token_id": "a"}, "pad_id (pad_token_id)"),
        ({"pad_token_id": -1}, "pad_id (pad_token_id)"),
        ({"pad_token_id": ROWS}, "pad_id=80, vocabulary_size=80"),
        ({"model_type": "roberta", "pad_token_id": 39}, "max_length=40, pad_id=39"),
        ({"tie_word_embeddings": "no"}, "tie_word_embeddings"),
        ({"classifier_dropout": 5}, "classifier_dropout"),
        ({"initializer_range": -1}, "initializer_range"),
        ({"initializer_range": math.inf}, "initializer_range"),
        ({"is_decoder": "yes"}, "is_decoder"),
        ({"architectures": 5}, "architectures"),
        ({"hidden_size": 2**40}, "sizes"),
        ({"vocab_size": 10**12}, "sizes"),
        ({"max_position_embeddings": 10**12}, "sizes"),
        ({"num_hidden_layers": 10**9}, "sizes"),
    ],
    ids=str,
)
def test_config_that_cannot_be_is_refused_with_its_value(folder, values, said):
    change_config(folder, **values)
    text = refused(ConfigError, folder, said)
    assert str(folder / "config.json") in text


@pytest.mark.parametrize("config", [{"nope": 1}, [], {"pooler_activation": "sine"}])
def test_kewen_json_with_a_config_that_cannot_be_is_refused(folder, config):
    saved = json.dumps({"family": "bert", "config": config})
    (folder / "kewen.json").write_text(saved, encoding="utf-8")
    refused(ConfigError, folder, str(folder / "kewen.json"))


@pytest.mark.parametrize(
    "value",
    [{"family": "nope"}, {"family": ["bert"]}, {"application": "nope"}],
    ids=str,
)
def test_kewen_json_with_a_name_that_nothing_has_is_refused(folder, value):
    saved = json.dumps({"family": "bert", **value})
    (folder / "kewen.json").write_text(saved, encoding="utf-8")
    refused(ConfigError, folder, str(folder / "kewen.json"))


def test_option_that_no_config_has_is_refused(folder):
    refused(ConfigError, folder, "['dropuot']", options={"dropuot": 0.0})


def test_config_that_is_no_json_is_refused_with_its_path(folder):
    (folder / "config.json").write_text("{", encoding="utf-8")
    refused(ConfigError, folder, str(folder / "config.json"))


def test_config_that_is_a_list_is_refused(folder):
    (folder / "config.json").write_text("[]", encoding="utf-8")
    refused(ConfigError, folder, "list")


def test_folder_without_config_is_refused_with_what_it_holds(folder):
    (folder / "config.json").unlink()
    refused(NotFoundError, folder, "model.safetensors")


def test_folder_without_weights_is_refused(folder):
    (folder / "model.safetensors").unlink()
    refused(NotFoundError, folder, str(folder))


def test_weights_of_another_family_are_refused_with_names(folder):
    change_tensors(folder, lambda tensors: (tensors.clear(), spoil(tensors)))
    refused(WeightsError, folder, "h.0.mlp")


def test_config_of_another_family_is_said_before_the_lists(folder):
    case = GOLDEN / "huggingface" / "roformer_mlm"
    shutil.copy(case / "config.json", folder / "config.json")
    weights = GOLDEN / "huggingface" / "bert_mlm" / "model.safetensors"
    shutil.copy(weights, folder / "model.safetensors")
    text = refused(WeightsError, folder, "it is of another model. Received:")
    assert "roformer.embeddings" in text
    shutil.copy(GOLDEN / "huggingface" / "t5" / "config.json", folder)
    refused(WeightsError, folder, "Check that the family")


def test_folder_of_flax_weights_says_what_is_read(folder):
    (folder / "model.safetensors").rename(folder / "flax_model.msgpack")
    text = refused(NotFoundError, folder, "Received: flax_model.msgpack")
    assert "safetensors" in text


SLOTS = ["{}/adam_m", "{}/adam_v", "{}/Adam", "{}/Adam_1"]


def test_what_an_optimizer_left_in_tensorflows_file_is_skipped_by_name(tmp_path):
    kewen.load(GOLDEN / "huggingface" / "bert_mlm").save(tmp_path / "tf", "tf1")
    with open_checkpoint(tmp_path / "tf") as checkpoint:
        tensors = {name: np.array(checkpoint[name]) for name in checkpoint}
    tensors |= {s.format(n): t for n, t in list(tensors.items()) for s in SLOTS}
    alone = ["global_step", "beta1_power", "beta2_power"]
    write_tf_bundle(
        tmp_path / "tf" / "bert_model.ckpt",
        tensors | dict.fromkeys(alone, np.zeros((), "float32")),
        overwrite=True,
    )
    account = kewen.load(tmp_path / "tf").account
    assert account.is_complete
    assert len(account.skipped) == 4 * len(account.used) + len(alone)
    assert "word_embeddings/Adam_1 (state of the optimizer)" in account.table()


def test_rotary_features_that_are_odd_are_refused(tmp_path):
    case = GOLDEN / "huggingface" / "qwen3"
    folder = shutil.copytree(case, tmp_path / "qwen3")
    change_config(folder, head_dim=7)
    text = refused(ConfigError, folder, "even number of at least 2. Received: 7.")
    assert str(folder / "config.json") in text


def spoil(tensors):
    tensors["h.0.mlp"] = np.zeros((2, 2), "float32")


def spoil_three_ways(tensors):
    del tensors["pooler.dense.bias"]
    tensors["stranger"] = np.zeros(3, "float32")
    tensors["embeddings.LayerNorm.weight"] = np.zeros(7, "float32")


THREE = ["pooler.dense.bias", "stranger", "embeddings.LayerNorm.weight"]


def test_missing_unread_and_misshaped_tensors_are_all_in_one_error(folder):
    change_tensors(folder, spoil_three_ways)
    text = refused(WeightsError, folder, "strict=False")
    assert all(name in text for name in THREE)


def test_misfits_are_all_in_one_warning_where_not_strict(folder):
    change_tensors(folder, spoil_three_ways)
    with pytest.warns(UserWarning, match="stranger") as caught:
        kewen.load(folder, strict=False)
    (warning,) = caught
    assert all(name in str(warning.message) for name in THREE)


@pytest.mark.filterwarnings("ignore:Every tensor")
def test_what_fits_is_loaded_where_not_strict(folder):
    change_tensors(folder, spoil_three_ways)
    model = kewen.load(folder, strict=False).model
    with open_checkpoint(CASE) as original:
        wanted = original["embeddings.word_embeddings.weight"]
    got = np.asarray(model.weights_by_path()["token_embedding/embeddings"])
    np.testing.assert_array_equal(got, wanted)


def test_token_table_of_another_size_is_refused_with_both_shapes(folder):
    change_config(folder, vocab_size=90)
    text = refused(WeightsError, folder, "embeddings.word_embeddings.weight")
    assert "(90, 32)" in text
    assert "(80, 32)" in text


def write_vocabulary(folder, size):
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words += [f"w{i}" for i in range(size - len(words))]
    (folder / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")


@pytest.mark.parametrize("size", [ROWS - 3, ROWS + 3])
def test_vocabulary_of_another_size_is_refused_with_both_sizes(folder, size):
    write_vocabulary(folder, size)
    text = refused(VocabularyError, folder, f"{size} tokens")
    assert f"{ROWS} rows" in text


def test_vocabulary_of_the_tables_size_is_taken(folder):
    write_vocabulary(folder, ROWS)
    assert kewen.load(folder).tokenizer.vocabulary_size == ROWS


def test_shorter_vocabulary_is_taken_where_not_strict(folder):
    write_vocabulary(folder, ROWS - 3)
    with pytest.warns(UserWarning, match=f"{ROWS - 3} tokens.*{ROWS} rows"):
        loaded = kewen.load(folder, strict=False)
    assert loaded.tokenizer.vocabulary_size == ROWS - 3


@pytest.fixture
def beside(tmp_path):
    """A `.keras` file alone in a folder, to be given neighbours."""
    (tmp_path / "beside").mkdir()
    kewen.load(CASE).model.save(tmp_path / "beside" / "m.keras")
    return tmp_path / "beside"


@pytest.mark.parametrize("size", [ROWS - 3, ROWS + 3])
def test_keras_file_does_not_take_a_neighbours_vocabulary_that_does_not_fit(
    beside, size
):
    write_vocabulary(beside, size)
    with pytest.warns(UserWarning, match=f"without a tokenizer.*{size} tokens"):
        assert kewen.load(beside / "m.keras").tokenizer is None


def test_keras_file_takes_a_neighbours_vocabulary_that_fits(beside):
    write_vocabulary(beside, ROWS)
    assert kewen.load(beside / "m.keras").tokenizer.vocabulary_size == ROWS


@pytest.mark.parametrize("words", ["[PAD]\n[PAD]\n", "[PAD]\n"])
def test_trace_runs_whatever_the_vocabulary_is(folder, words):
    (folder / "vocab.txt").write_text(words, encoding="utf-8")
    assert "hidden_0" in trace(folder, {"token_ids": np.full((1, 3), 7)})


def test_longer_vocabulary_is_refused_even_where_not_strict(folder):
    write_vocabulary(folder, ROWS + 3)
    refused(VocabularyError, folder, f"{ROWS + 3} tokens", strict=False)


def test_hub_id_without_network_says_what_was_looked_for(monkeypatch, tmp_path):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    text = refused(NotFoundError, "someone/some-model", "'someone/some-model'")
    assert str(tmp_path / "someone" / "some-model") in text
    assert "pass its path" in text


@pytest.mark.parametrize(
    "name", ["./no/such/folder", "/no/such/folder", "gone.keras", "~nobody_here/m"]
)
def test_path_that_does_not_exist_is_not_looked_up_on_the_hub(name):
    refused(NotFoundError, name, "does not exist")


def test_broken_keras_file_is_refused_with_its_path(tmp_path):
    (tmp_path / "m.keras").write_bytes(b"PK nothing")
    refused(CheckpointError, tmp_path / "m.keras", "m.keras")


@pytest.mark.parametrize("dtype", ["nosuch", 5, "int", ""])
def test_dtype_that_keras_does_not_have_is_refused(dtype):
    with pytest.raises(ConfigError, match="mixed_bfloat16"):
        kewen.load(GOLDEN / "huggingface" / "bert_mlm", dtype=dtype)
