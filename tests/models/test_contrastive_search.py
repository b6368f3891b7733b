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
CASES = ["gpt2", "llama_gqa_llama3", "mistral_sliding", "gemma3_text", "t5", "bart"]


def reader(model, source):
    """Texts, one length, of one prompt to logits (N, T, V) and hidden states."""
    body = model.redrawn(heads=(), collect=())
    names = [tensor.name for tensor in body.inputs]

    def read(texts):
        ids = np.array(texts, "int32")
        is_token = np.ones(ids.shape, bool)
        given = {"segment_ids": np.zeros_like(ids)}
        if source is None:
            given |= {"token_ids": ids, "padding_mask": is_token}
        else:
            rows, mask = (np.repeat(each[None], len(ids), axis=0) for each in source)
            given |= {"token_ids": rows, "padding_mask": mask}
            given |= {"decoder_token_ids": ids, "decoder_padding_mask": is_token}
        given = {name: given[name] for name in names}
        hidden = body(given)
        hidden = hidden if not isinstance(hidden, dict) else next(iter(hidden.values()))
        logits = model(given)["lm_logits"]
        return [np.array(ops.convert_to_numpy(x), "float64") for x in (logits, hidden)]

    return read


def softmax(scores):
    weights = np.exp(scores - scores.max())
    return weights / weights.sum()


def searched(read, prompt, count, alpha, banned=(), end=None):
    """The text, its log-probability, and how near the nearest decision was."""
    text, score, margin = list(prompt), 0.0, np.inf
    for _ in range(NEW):
        logits, _ = read([text])
        ruled = logits[0, -1].copy()
        ruled[list(banned)] = -np.inf
        chances = softmax(ruled)
        order = np.argsort(-chances)
        candidates = order[:count]
        margin = min(margin, chances[order[count - 1]] - chances[order[count]])
        _, hidden = read([[*text, token] for token in candidates.tolist()])
        hidden /= np.linalg.norm(hidden, axis=-1, keepdims=True)
        similar = np.einsum("ntc,nc->nt", hidden[:, :-1], hidden[:, -1]).max(axis=1)
        worth = (1 - alpha) * chances[candidates] - alpha * similar
        first, second = np.sort(worth)[::-1][:2]
        margin = min(margin, first - second)
        token = int(candidates[worth.argmax()])
        score += np.log(softmax(logits[0, -1])[token])
        text.append(token)
        if token == end:
            break
    return text[len(prompt) :], score, margin


@pytest.fixture(scope="module", params=CASES)
def case(request):
    model = kewen.load(GOLDEN / request.param).model
    _, prompts, source, _, _ = recorded(request.param)
    sources = [None] * len(prompts)
    if source is not None:
        sources = list(zip(source["source_ids"], source["source_mask"], strict=True))
    return model, decoding_step(model), prompts, source, sources


@pytest.mark.parametrize(("count", "alpha"), [(4, 0.6), (7, 0.2)])
def test_ids_and_scores_are_those_of_the_definition(case, count, alpha):
    model, step, prompts, source, sources = case
    strategy = Contrastive(candidates=count, alpha=alpha)
    found = Decoder(step, strategy)(prompts, NEW, source)
    compared = 0
    for (text,), prompt, own in zip(found, prompts, sources, strict=True):
        wanted, score, margin = searched(reader(model, own), prompt, count, alpha)
        if margin < 1e-6:  # a tie within float32
            continue
        compared += 1
        assert text.ids.tolist() == wanted
        assert text.score == pytest.approx(score, abs=1e-3)
    assert compared


def test_with_alpha_0_it_is_greedy_search(case):
    _, step, prompts, source, _ = case
    greedy = Decoder(step, Paths())(prompts, NEW, source)
    found = Decoder(step, Contrastive(candidates=3, alpha=0.0))(prompts, NEW, source)
    for (one,), (other,) in zip(greedy, found, strict=True):
        np.testing.assert_array_equal(one.ids, other.ids)


def test_rules_and_ends_hold():
    model = kewen.load(GOLDEN / "gpt2").model
    step = decoding_step(model)
    _, (prompt, *_), _, _, _ = recorded("gpt2")
    free, _, _ = searched(reader(model, None), prompt, 4, 0.6)
    banned, end = free[0], free[3]
    rules = (BadWords([[banned]]),)
    wanted, _, _ = searched(reader(model, None), prompt, 4, 0.6, [banned])
    found = Decoder(step, Contrastive(candidates=4, alpha=0.6, rules=rules))
    assert found([prompt], NEW)[0][0].ids.tolist() == wanted
    wanted, _, _ = searched(reader(model, None), prompt, 4, 0.6, end=end)
    found = Decoder(step, Contrastive(candidates=4, alpha=0.6, end_ids=(end,)))
    assert found([prompt], NEW)[0][0].ids.tolist() == wanted


def test_a_step_that_shows_no_hidden_states_is_refused():
    step = Rescoring(lambda ids, mask: ops.one_hot(ids[:, -1], 6))
    with pytest.raises(ConfigError, match="compares hidden states"):
        Decoder(step, Contrastive(candidates=2, alpha=0.5))
