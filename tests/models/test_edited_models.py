"""Models whose vocabulary is cut or added to give the scores that they gave before."""

import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

import kewen
from kewen.errors import ConfigError

GOLDEN = Path(__file__).parents[1] / "golden" / "huggingface"
TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[unused1]", *"今天气很好的"]
TOKENS += ["the", "cat", "##s", "##今"]
TOKENS += [f"[unused{i}]" for i in range(2, 2 + 80 - len(TOKENS))]
TEXT = "今天的天气[MASK]很好 the cats"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    shutil.copytree(GOLDEN / "bert_mlm", folder)
    (folder / "vocab.txt").write_text("\n".join(TOKENS) + "\n", "utf-8")
    return folder


# Matrix products add in an order that depends on the number of columns, so scores agree
# to rounding; all that goes into them agrees to the bit.
ROUNDING = 1e-5


def outputs(pretrained: kewen.models.Pretrained) -> dict[str, np.ndarray]:
    row = pretrained.tokenizer(TEXT)
    inputs = {
        "token_ids": row["token_ids"][None],
        "segment_ids": row["segment_ids"][None],
        "padding_mask": np.ones((1, len(row["token_ids"])), bool),
    }
    given = pretrained.model(inputs)
    return {name: keras.ops.convert_to_numpy(value)[0] for name, value in given.items()}


def scores(pretrained: kewen.models.Pretrained) -> np.ndarray:
    return outputs(pretrained)["mlm_logits"]


def old_ids(old, new) -> list[int]:
    tokens = new.tokenizer.tokens(range(new.tokenizer.vocabulary_size))
    return [old.tokenizer.token_to_id(token) for token in tokens]


@pytest.mark.parametrize("keep", ["used", "reachable", "simplified", range(6, 15)])
def test_kept_tokens_score_as_before(folder, keep):
    old = kewen.load(folder)
    new = old.trim(keep)
    assert new.config.vocabulary_size == new.tokenizer.vocabulary_size < 20
    kept = old_ids(old, new)
    np.testing.assert_allclose(scores(new), scores(old)[:, kept], atol=ROUNDING)
    hidden = [outputs(each)["last_hidden_state"] for each in (new, old)]
    np.testing.assert_array_equal(*hidden)
    ours, theirs = (each.model.weights_by_path() for each in (new, old))
    for path in theirs:
        value = np.asarray(theirs[path])
        rows = value[kept] if path.startswith(("token_emb", "mlm_bias")) else value
        np.testing.assert_array_equal(np.asarray(ours[path]), rows)
    assert old.config.vocabulary_size == 80  # a copy was cut


@pytest.mark.parametrize("format", ["hf", "tf1", "keras"])
def test_saved_it_loads_with_no_more_words_and_can_be_cut_again(
    folder, tmp_path, format
):
    old = kewen.load(folder)
    old.trim("used").save(tmp_path / "once", format)
    once = kewen.load(tmp_path / "once")
    twice = once.trim("reachable").compound({"dog": [6, 7, 7]})
    twice.save(tmp_path / "twice", format)
    again = kewen.load(tmp_path / "twice")
    assert "dog" in again.tokenizer.tokens(again.tokenizer("dog")["token_ids"])
    np.testing.assert_array_equal(scores(again), scores(twice))
    kept = old_ids(old, once.trim("reachable"))
    expected = scores(old)[:, kept]
    np.testing.assert_allclose(scores(again)[:, :-1], expected, atol=ROUNDING)


def test_a_new_token_s_rows_are_means_of_old_ones(folder):
    old = kewen.load(folder)
    new = old.compound({"dog": [6, 7, 7], "cats": None})
    before, after = (each.model.weights_by_path() for each in (old, new))
    made_of = {80: [6, 7, 7], 81: [TOKENS.index("cat"), TOKENS.index("##s")]}
    for path in ("token_embedding/embeddings", "mlm_bias/bias"):
        table, grown = np.asarray(before[path]), np.asarray(after[path])
        np.testing.assert_array_equal(grown[:80], table)
        for row, ids in made_of.items():
            expected = sum(table[i].astype("f8") for i in ids) / len(ids)
            np.testing.assert_allclose(grown[row], expected, atol=1e-7)


def test_an_untied_decoder_follows(folder):
    with pytest.warns(kewen.checkpoints.WeightsWarning, match="mlm_decoder"):
        old = kewen.load(folder, strict=False, options={"tie_embeddings": False})
    kernel = old.model.get_layer("mlm_decoder").kernel
    kernel.assign(np.random.default_rng(0).normal(size=kernel.shape))
    cut = old.trim("used")
    kept = old_ids(old, cut)
    new = cut.compound({"dog": [kept.index(6), kept.index(7)]})
    expected = scores(old)[:, kept]
    np.testing.assert_allclose(scores(new)[:, :-1], expected, atol=1e-5)
    mean = expected[:, [kept.index(6), kept.index(7)]].mean(1)
    np.testing.assert_allclose(scores(new)[:, -1], mean, atol=1e-5)


def test_ids_in_the_config_move_along(folder, tmp_path):
    config = (folder / "config.json").read_text()
    config = config.replace('"eos_token_id": null', '"eos_token_id": 6')
    config = config.replace('"bos_token_id": null', '"bos_token_id": 5')
    (folder / "config.json").write_text(config)
    kewen.load(folder).trim("used").save(tmp_path / "out")
    said = kewen.load(tmp_path / "out").config_json
    assert (said["eos_token_id"], said["bos_token_id"]) == (5, None)


def test_without_a_tokenizer_nothing_is_cut():
    model = kewen.load(GOLDEN / "bert_mlm")
    for edit in (lambda: model.trim("used"), lambda: model.compound({"a": [1]})):
        with pytest.raises(ConfigError, match="without a tokenizer"):
            edit()


def test_roberta_s_padding_must_not_move(tmp_path):
    shutil.copytree(GOLDEN / "roberta_mlm", tmp_path / "model")
    rows = kewen.load(tmp_path / "model").config.vocabulary_size
    tokens = ["[unused0]", "[PAD]", "[UNK]", "[CLS]", "[SEP]", "a"]
    tokens += [f"[unused{i}]" for i in range(1, 1 + rows - len(tokens))]
    (tmp_path / "model" / "vocab.txt").write_text("\n".join(tokens), "utf-8")
    model = kewen.load(tmp_path / "model")
    with pytest.raises(ConfigError, match="padding, which must stay"):
        model.trim("used")
    assert model.trim([0, 5]).config.vocabulary_size == 6
