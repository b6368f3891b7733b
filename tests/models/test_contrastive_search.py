"""Contrastive search with a cache against its definition over whole texts."""

import numpy as np
import pytest
from keras import ops
from test_generated_ids import GOLDEN, recorded

import kewen
from kewen.decoding import BadWords, Contrastive, Decoder, Paths, Rescoring
from kewen.errors import ConfigError
from kewen.models.cached_step import decoding_step

NEW = 8
ROWS, COLUMNS = 7, 32
UNSURE = {"bart": 2e-3}  # within which float32 may choose otherwise; else 1e-5
CASES = ["gpt2", "llama_gqa_llama3", "mistral_sliding", "gemma3_text", "t5", "bart"]


def reader(model):
    """Texts, one length, of one prompt to logits (N, T, V) and hidden states."""
    names = [tensor.name for tensor in model.inputs]

    def read(texts, source):
        count = len(texts[0])
        ids = np.zeros((ROWS, COLUMNS), "int32")  # of one shape: compiled once
        is_token = np.zeros(ids.shape, bool)
        ids[: len(texts), :count] = texts
        is_token[:, :count] = True
        given = {"segment_ids": np.zeros_like(ids)}
        if source is None:
            given |= {"token_ids": ids, "padding_mask": is_token}
        else:
            rows, mask = (np.repeat(each[None], ROWS, axis=0) for each in source)
            given |= {"token_ids": rows, "padding_mask": mask}
            given |= {"decoder_token_ids": ids, "decoder_padding_mask": is_token}
        given = {name: given[name] for name in names}
        found = model.predict_on_batch(given)
        part = slice(len(texts)), slice(count)
        return [
            ops.convert_to_numpy(found[name])[part].astype("float64")
            for name in ("lm_logits", "last_hidden_state")
        ]

    return read


def softmax(scores):
    weights = np.exp(scores - scores.max())
    return weights / weights.sum()


def searched(read, prompt, count, alpha, source=None, banned=(), end=None):
    """The text, its log-probability, and how clear each choice was."""
    text, score, margins = list(prompt), 0.0, []
    for _ in range(NEW):
        logits, _ = read([text], source)
        ruled = logits[0, -1].copy()
        ruled[list(banned)] = -np.inf
        chances = softmax(ruled)
        order = np.argsort(-chances)
        candidates = order[:count]
        clear = chances[order[count - 1]] - chances[order[count]]
        _, hidden = read([[*text, token] for token in candidates.tolist()], source)
        hidden /= np.linalg.norm(hidden, axis=-1, keepdims=True)
        similar = np.einsum("ntc,nc->nt", hidden[:, :-1], hidden[:, -1]).max(axis=1)
        worth = (1 - alpha) * chances[candidates] - alpha * similar
        first, second = np.sort(worth)[::-1][:2]
        margins.append(min(clear, first - second))
        token = int(candidates[worth.argmax()])
        score += np.log(softmax(logits[0, -1])[token])
        text.append(token)
        if token == end:
            break
    return text[len(prompt) :], score, margins


@pytest.fixture(scope="module", params=CASES)
def case(request):
    model = kewen.load(GOLDEN / request.param).model
    _, prompts, source, _, _ = recorded(request.param)
    sources = [None] * len(prompts)
    if source is not None:
        sources = list(zip(source["source_ids"], source["source_mask"], strict=True))
    unsure = UNSURE.get(request.param, 1e-5)
    return reader(model), decoding_step(model), prompts, source, sources, unsure


@pytest.mark.parametrize(("count", "alpha"), [(4, 0.6), (7, 0.2)])
def test_ids_and_scores_are_those_of_the_definition(case, count, alpha):
    read, step, prompts, source, sources, unsure = case
    strategy = Contrastive(candidates=count, alpha=alpha)
    found = Decoder(step, strategy)(prompts, NEW, source)
    compared = 0
    for (text,), prompt, own in zip(found, prompts, sources, strict=True):
        wanted, score, margins = searched(read, prompt, count, alpha, own)
        sure = next((n for n, m in enumerate(margins) if m < unsure), NEW)
        compared += sure
        assert text.ids[:sure].tolist() == wanted[:sure]
        if sure == NEW:
            assert text.score == pytest.approx(score, abs=1e-3)
    assert compared >= NEW


def test_with_alpha_0_it_is_greedy_search(case):
    _, step, prompts, source, _, _ = case
    greedy = Decoder(step, Paths())(prompts, NEW, source)
    found = Decoder(step, Contrastive(candidates=3, alpha=0.0))(prompts, NEW, source)
    for (one,), (other,) in zip(greedy, found, strict=True):
        np.testing.assert_array_equal(one.ids, other.ids)


def test_rules_and_ends_hold():
    model = kewen.load(GOLDEN / "gpt2").model
    step = decoding_step(model)
    _, (prompt, *_), _, _, _ = recorded("gpt2")
    read = reader(model)
    free, _, _ = searched(read, prompt, 4, 0.6)
    banned, end = free[0], free[3]
    rules = (BadWords([[banned]]),)
    wanted, _, _ = searched(read, prompt, 4, 0.6, banned=[banned])
    found = Decoder(step, Contrastive(candidates=4, alpha=0.6, rules=rules))
    assert found([prompt], NEW)[0][0].ids.tolist() == wanted
    wanted, _, _ = searched(read, prompt, 4, 0.6, end=end)
    found = Decoder(step, Contrastive(candidates=4, alpha=0.6, end_ids=(end,)))
    assert found([prompt], NEW)[0][0].ids.tolist() == wanted


def test_a_step_that_shows_no_hidden_states_is_refused():
    step = Rescoring(lambda ids, mask: ops.one_hot(ids[:, -1], 6))
    with pytest.raises(ConfigError, match="compares hidden states"):
        Decoder(step, Contrastive(candidates=2, alpha=0.5))
