"""What a writer's training minimises, and its scores, against transformers' losses."""

from types import SimpleNamespace

import numpy as np
import pytest
from golden_cases import GOLDEN

import kewen
from kewen.tasks.likelihoods import Likelihoods, mean_loss
from kewen.tasks.target_models import logits_model

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # of torch and transformers, not of ours
]
HUGGINGFACE = GOLDEN / "huggingface"
PAD, NOTHING = 1, -100  # what transformers leaves out of a loss
DECODERS = {
    "gpt2": "GPT2LMHeadModel",
    "llama_gqa_llama3": "LlamaForCausalLM",
    "mistral_sliding": "MistralForCausalLM",
    "qwen3": "Qwen3ForCausalLM",
    "openai_gpt": "OpenAIGPTLMHeadModel",
}
PAIRS = {
    "t5": "T5ForConditionalGeneration",
    "mt5": "MT5ForConditionalGeneration",
    "bart": "BartForConditionalGeneration",
}


def theirs(name, kind, ids, **labels):
    """The loss of one row that transformers gives."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    model = getattr(transformers, kind).from_pretrained(HUGGINGFACE / name).eval()
    given = {"input_ids": torch.tensor([ids])}
    given |= {key: torch.tensor([each]) for key, each in labels.items()}
    with torch.no_grad():
        return float(model(**given).loss)


def ours(name, rows):
    """The losses of rows of unequal length, from one batch."""
    model = kewen.load(HUGGINGFACE / name, tokenizer=False).model
    made_by = SimpleNamespace(
        longest=64, pad_ids={"token_ids": PAD, "decoder_token_ids": PAD}
    )
    found = Likelihoods(logits_model(model), made_by)(rows)
    return [mean_loss([each]) for each in found]


@pytest.mark.parametrize("name", DECODERS)
def test_losses_of_texts_and_answers_are_those_of_transformers(name):
    rng = np.random.default_rng(0)
    rows, wanted = [], []
    for length, prompt in [(5, 1), (23, 1), (14, 6), (9, 8)]:
        ids = rng.integers(5, 40, length).astype("int32")
        labels = np.where(np.arange(length) < prompt, NOTHING, ids)
        wanted.append(
            theirs(name, DECODERS[name], ids.tolist(), labels=labels.tolist())
        )
        rows.append(
            {
                "token_ids": ids[:-1],
                "segment_ids": np.zeros(length - 1, "int32"),
                "padding_mask": np.ones(length - 1, bool),
                "target_places": np.arange(prompt - 1, length - 1, dtype="int32"),
                "target_ids": ids[prompt:],
            }
        )
    np.testing.assert_allclose(ours(name, rows), wanted, rtol=1e-4)


@pytest.mark.parametrize("name", PAIRS)
def test_losses_of_targets_are_those_of_transformers(name):
    rng = np.random.default_rng(0)
    start = kewen.load(HUGGINGFACE / name, tokenizer=False).config_json
    start = start.get("decoder_start_token_id", 0)
    rows, wanted = [], []
    for length, size in [(5, 9), (23, 2), (14, 6)]:
        source = rng.integers(5, 40, length).astype("int32")
        target = rng.integers(5, 40, size).astype("int32")
        wanted.append(
            theirs(name, PAIRS[name], source.tolist(), labels=target.tolist())
        )
        rows.append(
            {
                "token_ids": source,
                "padding_mask": np.ones(length, bool),
                "decoder_token_ids": np.array([start, *target[:-1]], "int32"),
                "decoder_padding_mask": np.ones(size, bool),
                "target_ids": target,
            }
        )
    np.testing.assert_allclose(ours(name, rows), wanted, rtol=1e-4)
