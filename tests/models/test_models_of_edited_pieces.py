"""Models with byte pairs or Unigram pieces follow their vocabulary to the bit."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import sentencepiece
from tokenizers.implementations import ByteLevelBPETokenizer

import kewen
from kewen.models.base import Backbone
from kewen.text import Tokenizer

GOLDEN = Path(__file__).parents[1] / "golden" / "huggingface"
CORPUS = [
    "今天天气真不错，我们去公园。",
    "The cat sat on the mat, 12345.",
    "漢字汉字",
] * 20
WIDTH = 38  # of every run: one shape, one compilation
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]


def tokenizer_of(family: str, folder: Path) -> Tokenizer:
    if family != "xlm_roberta_mlm":
        trainer = ByteLevelBPETokenizer()
        trainer.train_from_iterator(CORPUS, 350, 2, False, SPECIAL)
        trainer.save_model(str(folder))
    else:
        prefix = str(folder / "sentencepiece.bpe")
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(CORPUS),
            model_prefix=prefix,
            vocab_size=400,
            hard_vocab_limit=False,
            minloglevel=2,
        )
        (folder / "config.json").write_text('{"model_type": "xlm-roberta"}')
    return Tokenizer.from_folder(folder)


@pytest.fixture(params=["roberta_mlm", "xlm_roberta_mlm", "llama_gqa_llama3"])
def old(request, tmp_path) -> kewen.models.Pretrained:
    found = kewen.load(GOLDEN / request.param)
    tokenizer = tokenizer_of(request.param, tmp_path)
    config = dataclasses.replace(
        found.config, vocabulary_size=tokenizer.vocabulary_size + 3
    )
    model = Backbone(config=config, heads=found.model.heads)
    rng = np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(rng.normal(0, 0.1, weight.shape))
    return kewen.models.Pretrained(
        model=model, tokenizer=tokenizer, config_json=found.config_json
    )


def outputs(pretrained: kewen.models.Pretrained, text: str) -> dict[str, np.ndarray]:
    (row,) = pretrained.tokenizer.encode_many([text])
    count = len(row["token_ids"])
    batch = {
        name: np.pad(row[name], (0, WIDTH - count))[None]
        for name in pretrained.model.inputs_by_name
    }
    found = pretrained.model.predict_on_batch(batch)
    return {name: value[0, :count] for name, value in found.items()}


def test_texts_of_kept_tokens_have_the_same_hidden_states(old, tmp_path):
    new = old.trim(old.tokenizer(CORPUS[0] + CORPUS[1])["token_ids"])
    assert new.config.vocabulary_size < old.config.vocabulary_size
    new.save(tmp_path / "saved")
    twice = kewen.load(tmp_path / "saved").compound({"漢": None, "公园去": None})
    twice.save(tmp_path / "twice")
    again = kewen.load(tmp_path / "twice")
    rows = [
        old.tokenizer.token_to_id(t)
        for t in new.tokenizer.tokens(range(new.config.vocabulary_size))
    ]
    for text in CORPUS[:2]:
        expected = outputs(old, text)
        (scores,) = (name for name in expected if name.endswith("logits"))
        for each in (new, kewen.load(tmp_path / "saved"), twice, again):
            given = outputs(each, text)
            np.testing.assert_array_equal(
                given["last_hidden_state"], expected["last_hidden_state"]
            )
            logits = given[scores][:, : len(rows)]
            np.testing.assert_allclose(logits, expected[scores][:, rows], atol=1e-5)
    assert len(again.tokenizer("公园去公园去")["token_ids"]) < len(
        new.tokenizer("公园去公园去")["token_ids"]
    )


def test_transformers_opens_the_model_that_is_saved(old, tmp_path):
    transformers = pytest.importorskip("transformers")
    torch = pytest.importorskip("torch")
    new = old.trim("simplified").compound({"公园去": None})
    new.save(tmp_path / "saved")
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "saved")
    kind = "CausalLM" if "language_model" in new.model.heads else "MaskedLM"
    family = getattr(transformers, f"AutoModelFor{kind}")
    model = family.from_pretrained(tmp_path / "saved").eval()
    for text in [*CORPUS[:3], "我们公园去 the mats"]:
        given = tokenizer(text, return_tensors="pt")
        ids = new.tokenizer(text)["token_ids"].tolist()
        assert given["input_ids"][0].tolist() == ids
        with torch.no_grad():
            logits = model(**given).logits[0].numpy()
        ours = outputs(new, text)
        (scores,) = (name for name in ours if name.endswith("logits"))
        np.testing.assert_allclose(logits, ours[scores], atol=2e-4)
