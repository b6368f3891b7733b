"""Encoder-decoders: round trips, halves, and what their originals do otherwise."""

import json
import shutil

import numpy as np
import pytest
from beyond_transformers import warned
from golden_cases import (
    ENCODER_DECODERS,
    ENCODER_DECODERS_OF_BERT4KERAS,
    GOLDEN,
    RESTLESS,
    Pass,
)

import kewen
from kewen.checkpoints import open_checkpoint, write_sharded
from kewen.errors import ConfigError, ShapeError
from kewen.models.matching import declared
from kewen.models.sizes import sizes
from kewen.models.trace import trace

HF = [GOLDEN / "huggingface" / case for case in [*ENCODER_DECODERS, *RESTLESS]]
TF = [GOLDEN / "bert4keras" / case for case in ENCODER_DECODERS_OF_BERT4KERAS]
T5 = GOLDEN / "huggingface" / "t5"
MT5 = GOLDEN / "huggingface" / "mt5"
CONTEXT = "encoder_last_hidden_state"


def tensors(folder):
    with open_checkpoint(folder) as file:
        held = {name: np.asarray(file[name]) for name in file}
        return {name: (a.dtype, a.shape, a.tobytes()) for name, a in held.items()}


def close(got, wanted, limit=1e-4):
    np.testing.assert_allclose(got, wanted, rtol=limit, atol=limit)


def changed(folder, tmp_path, **keys):
    """A copy of a folder whose config.json says something else."""
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    said = json.loads((copy / "config.json").read_text())
    said = {k: v for k, v in {**said, **keys}.items() if v is not None}
    (copy / "config.json").write_text(json.dumps(said))
    return copy


@pytest.mark.parametrize("folder", [*HF, *TF], ids=lambda folder: folder.name)
def test_saved_model_has_a_config_that_makes_it_again(folder, tmp_path):
    model = kewen.load(folder)
    model.save(tmp_path / "out")
    again = kewen.load(tmp_path / "out")
    ours = model.model, again.model
    assert ours[0].heads == ours[1].heads
    assert again.config.to_json() == model.config.to_json()
    assert again.config.beyond_json() == model.config.beyond_json()


@pytest.mark.parametrize("half", ["encoder", "decoder"])
@pytest.mark.parametrize("folder", HF, ids=lambda folder: folder.name)
def test_half_is_loaded_from_the_whole(folder, half):
    loaded = kewen.load(folder, application=half)
    others = "decoder_" if half == "encoder" else "encoder_"
    assert not [p for p in loaded.model.weights_by_path() if p.startswith(others)]
    reasons = {each.because for each in loaded.account.skipped}
    assert reasons == {f"no part of the {half}, which alone was asked for"}


@pytest.mark.parametrize("half", ["encoder", "decoder"])
def test_half_that_bert4keras_has_a_name_for_is_loaded_and_counted(half):
    folder, named = GOLDEN / "bert4keras" / "t5.1.1", f"t5.1.1_{half}"
    loaded = kewen.load(folder, family=named).model
    assert loaded.application == half
    said = declared(folder / "config.json", named)
    counted = sizes(said.config, heads=said.heads, application=said.application)
    assert counted.parameters == loaded.count_params()


def test_name_of_the_whole_leaves_a_half_what_it_is(tmp_path):
    folder = GOLDEN / "huggingface" / "t5"
    kewen.load(folder, application="encoder").save(tmp_path / "half")
    assert kewen.load(tmp_path / "half", family="t5").model.application == "encoder"


def test_mt5_with_a_scaled_head_is_none_of_transformers(tmp_path):
    scaled = kewen.load(GOLDEN / "huggingface" / "mt5", options={"scale_head": True})
    with warned("scale_head in the config"):
        scaled.save(tmp_path / "out")


def test_family_is_named_in_our_words_too():
    assert (
        kewen.load(GOLDEN / "bert4keras" / "mt5.1.1", family="mt5").config.family
        == "mt5"
    )


def test_restless_bart_agrees_before_errors_have_grown():
    given = Pass("huggingface", "bart")
    got = trace(given.folder, given.inputs)
    assert set(got) >= set(given.expected)
    for name in ("hidden_encoder_0", "hidden_encoder_1", "hidden_decoder_0"):
        wanted = given.at_tokens(name, given.expected[name])
        close(given.at_tokens(name, got[name]), wanted)


def test_restless_bart_agrees_at_all_tokens_but_one():
    given, name = Pass("huggingface", "bart"), "output_logits"
    got = given.at_tokens(name, trace(given.folder, given.inputs)[name])
    wanted = given.at_tokens(name, given.expected[name])
    apart = np.sort(np.abs(got - wanted).max(-1))
    assert apart[-2] < 3e-4 * np.abs(wanted).max()


def test_bart_over_a_vocabulary_of_bert_loads_with_its_tokenizer(tmp_path):
    special = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}
    folder = changed(GOLDEN / "huggingface" / "bart_calm", tmp_path, **special)
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokens += [chr(0x4E00 + i) for i in range(75)]
    (folder / "vocab.txt").write_text("\n".join(tokens), encoding="utf-8")
    loaded = kewen.load(folder)
    row = loaded.tokenizer("一丁")
    inputs = {k: row[k][None] for k in ("token_ids", "padding_mask")}
    inputs |= {f"decoder_{name}": array for name, array in inputs.items()}
    assert loaded.model(inputs)["lm_logits"].shape == (1, 4, 80)
    assert loaded.config.pad_id == 0


def test_bart_without_a_bias_of_scores_has_zeros(tmp_path):
    folder = changed(GOLDEN / "huggingface" / "bart_calm", tmp_path)
    with open_checkpoint(folder) as file:
        held = {n: np.asarray(file[n]) for n in file if n != "final_logits_bias"}
    (folder / "model.safetensors").unlink()
    write_sharded(folder, held, max_shard_bytes=2**30)
    loaded = kewen.load(folder)
    assert loaded.model.heads == ("language_model",)
    assert not np.asarray(loaded.model.weights_by_path()["lm_bias/bias"]).any()


def test_bart_refuses_what_mbart_is(tmp_path):
    folder = changed(GOLDEN / "huggingface" / "bart", tmp_path, normalize_before=True)
    with pytest.raises(ConfigError, match="normalize_before"):
        kewen.load(folder)


def test_bart_refuses_texts_longer_than_its_table():
    inputs = {**Pass("huggingface", "bart").inputs}
    inputs |= {"token_ids": np.ones((3, 41), int), "padding_mask": np.ones((3, 41))}
    inputs["padding_mask"] = inputs["padding_mask"].astype(int)
    with pytest.raises(ShapeError, match="at most 40"):
        trace(GOLDEN / "huggingface" / "bart", inputs)


@pytest.mark.parametrize("half", ["encoder", "decoder"])
def test_half_is_saved_and_loaded_as_what_it_is(half, tmp_path):
    loaded = kewen.load(T5, application=half)
    loaded.save(tmp_path / "out")
    again = kewen.load(tmp_path / "out")
    assert again.model.application == half
    assert again.model.heads == loaded.model.heads
    assert not again.account.skipped


def test_decoder_alone_equals_the_original_that_has_both():
    whole = Pass("huggingface", "t5")
    states = whole.expected[f"output_{CONTEXT}"]
    inputs = {k: v for k, v in whole.inputs.items() if k != "token_ids"}
    got = trace(whole.folder, {**inputs, CONTEXT: states}, application="decoder")
    name = "output_logits"
    close(whole.at_tokens(name, got[name]), whole.at_tokens(name, whole.expected[name]))


def test_halves_of_bert4keras_have_its_names():
    whole = Pass("bert4keras", "t5.1.1")
    own = {k: v for k, v in whole.inputs.items() if k == "token_ids"}
    got = trace(whole.folder, own, family="t5.1.1_encoder")
    for name in ("hidden_encoder_layer_1", "hidden_encoder_output"):
        wanted = whole.at_tokens(name, whole.expected[name])
        close(whole.at_tokens(name, got[name]), wanted)


def test_positions_cross_over_in_bert4keras_only():
    given = Pass("bert4keras", "t5.1.0")
    ours = trace(given.folder, given.inputs)["hidden_decoder_layer_0"]
    gap = np.abs(ours - given.expected["hidden_decoder_layer_0"])
    assert gap[given.is_token_of("decoder_")].max() > 1e-3


def test_untied_head_is_scaled_in_bert4keras_only():
    given = Pass("bert4keras", "t5.1.1")
    ours = trace(given.folder, given.inputs)["output_lm"]
    theirs = trace(given.folder, given.inputs, **given.bert4keras_options)["output_lm"]
    close(ours * 24**-0.5, theirs)


def test_bert4keras_t5_has_one_application():
    given = Pass("bert4keras", "t5.1.1")
    with pytest.raises(ConfigError, match="must be one of"):
        trace(given.folder, given.inputs, family="t5.1.1", application="unilm")


def test_head_is_untied_if_its_table_is_another_whatever_the_config_says(tmp_path):
    folder = changed(MT5, tmp_path, tie_word_embeddings=True)
    assert not kewen.load(folder).config.tie_embeddings


def test_copy_of_the_table_is_a_tied_head(tmp_path):
    folder = changed(T5, tmp_path, tie_word_embeddings=None)
    with open_checkpoint(T5) as file:
        held = {name: np.asarray(file[name]) for name in file}
    copies = ("lm_head.weight", "encoder.embed_tokens.weight")
    held |= dict.fromkeys(copies, held["shared.weight"])
    (folder / "model.safetensors").unlink()
    write_sharded(folder, held, max_shard_bytes=2**30)
    loaded = kewen.load(folder)
    assert loaded.config.tie_embeddings
    assert {each.name for each in loaded.account.skipped} == set(copies)


def test_mt5_over_a_vocabulary_of_bert_loads_with_its_tokenizer(tmp_path):
    folder = tmp_path / "pegasus"
    shutil.copytree(GOLDEN / "bert4keras" / "mt5.1.1", folder)
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokens += [chr(0x4E00 + i) for i in range(70)]  # 75, and 80 rows
    (folder / "vocab.txt").write_text("\n".join(tokens), encoding="utf-8")
    loaded = kewen.load(folder)
    assert loaded.config.family == "mt5"
    row = loaded.tokenizer("一丁")
    inputs = {k: row[k][None] for k in ("token_ids", "padding_mask")}
    inputs |= {f"decoder_{name}": array for name, array in inputs.items()}
    assert loaded.model(inputs)["lm_logits"].shape == (1, 4, 80)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"feed_forward_proj": "gated-nothing"}, "activation"),
        ({"relative_attention_max_distance": 2}, "max_distance"),
        ({"num_decoder_layers": -1}, "num_decoder_layers"),
        ({"tie_word_embeddings": "yes"}, "tie_word_embeddings"),
        ({"feed_forward_proj": None, "hidden_act": ["relu", "relu"]}, "linear"),
        ({"d_kv": None, "num_heads": 3}, "multiple of num_heads"),
    ],
)
def test_config_that_cannot_be_is_refused(keys, message, tmp_path):
    with pytest.raises(ConfigError, match=message):
        kewen.load(changed(T5, tmp_path, **keys))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"decoder_token_ids": None}, ConfigError, "decoder_token_ids"),
        ({"decoder_token_ids": np.full((3, 4), 80)}, ConfigError, "0 to 79"),
        ({"decoder_token_ids": np.zeros((2, 4), int)}, ShapeError, "as many rows"),
        ({"decoder_padding_mask": np.ones((3, 2), int)}, ShapeError, "their own"),
    ],
)
def test_trace_refuses_inputs_that_do_not_fit(change, error, message):
    given = {**Pass("huggingface", "t5").inputs, **change}
    given = {name: array for name, array in given.items() if array is not None}
    if message in ("0 to 79", "as many rows"):
        given.pop("decoder_padding_mask")
    with pytest.raises(error, match=message):
        trace(T5, given)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of torch and transformers, not of ours
@pytest.mark.parametrize("case", ENCODER_DECODERS)
def test_transformers_opens_what_is_saved(case, tmp_path):
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    given = Pass("huggingface", case)
    loaded = kewen.load(given.folder)
    loaded.save(tmp_path / "out")
    network = transformers.AutoModelForSeq2SeqLM.from_pretrained(tmp_path / "out")
    with torch.no_grad():
        wanted = network.eval()(
            **{
                name.removeprefix("input_"): torch.tensor(a.astype("int64"))
                for name, a in given.arrays("input").items()
            }
        )
    got = trace(tmp_path / "out", given.inputs)["output_logits"]
    mask = given.is_token_of("decoder_")
    close(got[mask], wanted.logits.numpy()[mask])
    if case == "bart_calm":
        return  # transformers has no class for its encoder alone
    kewen.load(given.folder, application="encoder").save(tmp_path / "encoder")
    said = json.loads((tmp_path / "encoder" / "config.json").read_text())
    (name,) = said["architectures"]
    half = getattr(transformers, name).from_pretrained(tmp_path / "encoder")
    with torch.no_grad():
        wanted = half.eval()(
            input_ids=torch.tensor(given.inputs["token_ids"].astype("int64")),
            attention_mask=torch.tensor(given.inputs["padding_mask"].astype("int64")),
        )
    source = given.is_token_of("")
    states = given.expected[f"output_{CONTEXT}"]
    close(wanted.last_hidden_state.numpy()[source], states[source])
