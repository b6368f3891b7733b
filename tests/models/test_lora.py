"""Adapters: what learns, what is saved, and what other libraries see."""

import keras
import numpy as np
import pytest
from golden_cases import GOLDEN, Pass

import kewen
from kewen.errors import ConfigError, FileError, WeightsError
from kewen.models import Backbone, enable_lora, load_lora, merged_lora, save_lora
from kewen.models.gau_alpha import GauAlphaConfig

CASE = Pass("huggingface", "bert_mlm")
LLAMA = GOLDEN / "huggingface" / "qwen3"
PARTS = ("query", "value")
QUERY = "block_0_attention/query"


def loaded():
    return kewen.load(CASE.folder).model


def outputs(model):
    inputs = {name: CASE.inputs[name] for name in model.inputs_by_name}
    return model.predict_on_batch(inputs)["mlm_logits"]


def learned(**options):
    """A model whose adapters have random values."""
    model = loaded()
    enable_lora(model, 4, **options)
    rng = np.random.default_rng(0)
    for weight in model.trainable_weights:
        if "lora" in weight.name:
            weight.assign(rng.normal(size=weight.shape) * 0.3)
    return model


def close(got, wanted):
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-4)


def test_new_adapters_change_no_output():
    model = loaded()
    enable_lora(model, 4)
    np.testing.assert_array_equal(outputs(model), outputs(loaded()))


def test_adapters_that_have_learned_change_the_output():
    assert np.abs(outputs(learned()) - outputs(loaded())).max() > 0.01


def test_only_adapters_and_heads_learn():
    model = learned()
    names = {weight.path for weight in model.trainable_weights}
    backbone = {weight.path for weight in model.redrawn(heads=()).weights}
    assert {name.split("_")[-1] for name in names & backbone} == {"a", "b"}
    assert any(name.startswith("mlm_dense") for name in names)


@pytest.mark.parametrize("case", ["t5", "mt5", "bart_calm", "gpt2", "deberta_v2_mlm"])
def test_default_gives_every_attention_adapters(case):
    model = kewen.load(GOLDEN / "huggingface" / case, tokenizer=False).model
    chosen = enable_lora(model, 2)
    attentions = {
        layer.name for layer in model.layers if layer.name.endswith("attention")
    }
    assert set(chosen) == {f"{a}/{part}" for a in attentions for part in PARTS}


def test_default_gives_gated_units_adapters():
    sizes = {"hidden_dim": 8, "num_heads": 1, "key_dim": 4, "intermediate_dim": 12}
    model = Backbone(GauAlphaConfig(vocabulary_size=20, num_layers=2, **sizes))
    chosen = enable_lora(model, 2)
    assert chosen == [f"block_{i}_gated_attention/inner" for i in range(2)]


def test_seed_of_keras_governs_what_adapters_begin_with():
    def begun(seed):
        model = loaded()
        keras.utils.set_random_seed(seed)
        enable_lora(model, 4)
        first = next(w for w in model.trainable_weights if w.name.endswith("_a"))
        return np.asarray(keras.ops.convert_to_numpy(first))

    np.testing.assert_array_equal(begun(1), begun(1))
    assert np.abs(begun(1) - begun(2)).max() > 0


def test_keras_file_of_a_model_with_adapters_holds_what_they_learned(tmp_path):
    model = learned()
    kewen.Pretrained(model=model).save(tmp_path / "out", format="keras")
    model.save(tmp_path / "own.keras")  # Keras' own way
    for path in (tmp_path / "out", tmp_path / "own.keras"):
        again = kewen.load(path, tokenizer=False).model
        assert not [w.path for w in again.weights if "lora" in w.path]
        close(outputs(again), outputs(model))


def test_adapters_are_where_the_pattern_says():
    model = loaded()
    assert set(enable_lora(model, 2, on=["block_1_feedforward/*"])) == {
        "block_1_feedforward/inner",
        "block_1_feedforward/outer",
    }


def test_one_step_of_training_moves_adapters_and_no_kernel():
    model = loaded()
    enable_lora(model, 4)
    before = {path: np.asarray(w) for path, w in model.weights_by_path().items()}
    model.compile(keras.optimizers.SGD(1.0), lambda y, x: keras.ops.mean(x**2))
    inputs = {name: CASE.inputs[name] for name in model.inputs_by_name}
    bare = model.redrawn(heads=())
    bare.compile(keras.optimizers.SGD(1.0), lambda y, x: keras.ops.mean(x**2))
    bare.train_on_batch(inputs, np.zeros(len(CASE.inputs["token_ids"])))
    moved = {
        path
        for path, weight in model.weights_by_path().items()
        if not np.array_equal(np.asarray(weight), before[path])
    }
    assert moved and all("lora" in path for path in moved)


def test_saved_adapters_alone_restore_the_model(tmp_path):
    model = learned()
    save_lora(model, tmp_path / "a.safetensors")
    again = loaded()
    assert QUERY in load_lora(again, tmp_path / "a.safetensors")
    close(outputs(again), outputs(model))


def test_saved_adapters_keep_their_alpha(tmp_path):
    model = learned(alpha=16)
    save_lora(model, tmp_path / "a.safetensors")
    again = loaded()
    load_lora(again, tmp_path / "a.safetensors")
    close(outputs(again), outputs(model))


def test_adapters_are_not_written_over(tmp_path):
    save_lora(learned(), tmp_path / "a.safetensors")
    with pytest.raises(FileError):
        save_lora(learned(), tmp_path / "a.safetensors")


def test_merged_model_gives_the_same_without_adapters():
    model = learned()
    merged = merged_lora(model)
    close(outputs(merged), outputs(model))
    assert not any("lora" in path for path in merged.weights_by_path())


def test_merging_leaves_the_model_as_it_is():
    model = learned()
    before = outputs(model)
    merged_lora(model)
    np.testing.assert_array_equal(outputs(model), before)


@pytest.mark.parametrize("format", ["hf", "tf1", "keras"])
def test_saved_model_has_its_adapters_merged(format, tmp_path):
    model = learned()
    kewen.Pretrained(model=model).save(tmp_path / "out", format=format)
    close(outputs(kewen.load(tmp_path / "out").model), outputs(model))


def test_table_of_tokens_can_have_adapters_too(tmp_path):
    model = learned(on=["token_embedding"])
    kewen.Pretrained(model=model).save(tmp_path / "out")
    close(outputs(kewen.load(tmp_path / "out").model), outputs(model))


def test_decoder_can_have_adapters_too(tmp_path):
    pretrained = kewen.load(LLAMA)
    assert enable_lora(pretrained.model, 2)
    pretrained.save(tmp_path / "out")
    assert kewen.load(tmp_path / "out").config == pretrained.config


def test_pattern_without_a_layer_lists_those_that_can():
    with pytest.raises(ConfigError, match=QUERY):
        enable_lora(loaded(), 4, on=["no_such_layer"])


def test_second_adapters_at_one_layer_are_refused():
    with pytest.raises(ConfigError, match="already"):
        enable_lora(learned(), 4)


def test_model_without_adapters_has_none_to_save(tmp_path):
    with pytest.raises(ConfigError, match="enable_lora"):
        save_lora(loaded(), tmp_path / "a.safetensors")


def test_adapters_of_another_model_are_refused(tmp_path):
    save_lora(learned(), tmp_path / "a.safetensors")
    with pytest.raises(WeightsError, match="trained on"):
        load_lora(kewen.load(LLAMA).model, tmp_path / "a.safetensors")


def test_file_without_adapters_is_refused():
    with pytest.raises(WeightsError, match="adapters"):
        load_lora(loaded(), CASE.folder / "model.safetensors")


@pytest.mark.parametrize("options", [{"rank": 0}, {"rank": 1.5}, {"alpha": 0}])
def test_numbers_that_cannot_be_are_refused(options):
    with pytest.raises(ConfigError, match=next(iter(options))):
        enable_lora(loaded(), **{"rank": 4, **options})


@pytest.mark.parametrize("name", ["adapters", "adapters.bin", "adapters.npz"])
def test_adapters_are_saved_as_safetensors_only(name, tmp_path):
    with pytest.raises(ConfigError, match=r"Call it adapters\.safetensors"):
        save_lora(learned(), tmp_path / name)
    assert not list(tmp_path.iterdir())
