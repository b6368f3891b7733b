"""Beams that are worth less for what they leave out, against enumeration."""

import itertools

import numpy as np
import pytest
from keras import ops
from toy_chain import END, TABLE, V, chain, law_of_texts

from kewen.decoding import Beams, Decoder
from kewen.decoding.step import Rescoring, State
from kewen.errors import ConfigError

SOURCE = 3
_RNG = np.random.default_rng(11)
LOOKS = _RNG.dirichlet([0.5] * SOURCE, size=V).astype("float32")  # of the newest token
LOOKS[:, -1] = 1.0  # no token is there
PROMPT = (1,)


class Blind(Rescoring):
    """A Markov chain that looks at a source, once it is asked to tell."""

    def attending(self) -> "Looking":
        return Looking(self._predict)


class Looking(Rescoring):
    """The same with what it looked at: three places, the last one empty."""

    def begin(self, prompt, capacity) -> tuple:
        logits, state = super().begin(prompt, capacity)
        return logits, self._seen(prompt["token_ids"][:, -1], state)

    def __call__(self, ids, state) -> tuple:
        logits, state = super().__call__(ids, state)
        return logits, self._seen(ids, state)

    def _seen(self, ids, state) -> State:
        return {**state, "attention": ops.take(ops.array(LOOKS), ids, axis=0)}


def blind() -> Blind:
    rows = ops.convert_to_tensor(TABLE)
    return Blind(lambda ids, is_token: ops.take(rows, ids[:, -1], axis=0))


def owed(text, weight, prompt=PROMPT) -> float:
    """Equation 14: each token of a text was chosen by the one before it."""
    covered = sum(LOOKS[token].astype("float64") for token in (*prompt, *text)[:-1])
    return weight * np.log(np.minimum(covered, 1.0)).sum()


@pytest.mark.parametrize("penalty", [0.0, 1.0])
@pytest.mark.parametrize("weight", [0.3, 5.0])
@pytest.mark.parametrize("groups", [1, 2])
def test_of_all_texts_the_score_is_the_equations(penalty, weight, groups):
    law = law_of_texts(3, prompt=PROMPT, ends=(END,))
    wanted = {
        text: np.log(chance) / len(text) ** penalty + owed(text, weight)
        for text, chance in law.items()
    }
    strategy = Beams(
        num_beams=groups * V**3,
        groups=groups,
        length_penalty=penalty,
        coverage=weight,
        stop="best",
        end_ids=(END,),
    )
    (texts,) = Decoder(blind(), strategy)([PROMPT], 3)
    found = [(tuple(text.ids.tolist()), text.score) for text in texts]
    assert len(found) == groups * len(law)
    assert dict(found) == pytest.approx(wanted, rel=1e-4)
    scores = [score for _, score in found]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("stop", ["bound", "full", "best"])
def test_scores_are_the_equations_however_the_search_ends(stop):
    law = law_of_texts(2, prompt=PROMPT)
    scores = {text: np.log(p) / 2 + owed(text, 2.0) for text, p in law.items()}
    strategy = Beams(num_beams=V, coverage=2.0, stop=stop)
    texts = Decoder(blind(), strategy)([PROMPT], 2)[0]
    found = {tuple(text.ids.tolist()): text.score for text in texts}
    assert len(found) == V
    assert found == pytest.approx({text: scores[text] for text in found}, rel=1e-4)


def test_texts_that_look_at_more_come_first():
    """With all texts at hand the best cannot owe more than the likeliest does."""
    prompts = [[token] for token in range(V)]
    wide = {"num_beams": V**2}
    plain = Decoder(blind(), Beams(**wide))(prompts, 2)
    strict = Decoder(blind(), Beams(**wide, coverage=50.0))(prompts, 2)
    owes = [
        [owed(texts[0].ids.tolist(), 1.0, prompt) for texts in (one, other)]
        for prompt, one, other in zip(prompts, plain, strict, strict=True)
    ]
    assert all(other >= one for one, other in owes)
    assert any(other > one for one, other in owes)


def test_several_prompts_are_each_as_alone():
    decoder = Decoder(blind(), Beams(num_beams=3, coverage=1.0, end_ids=(END,)))
    prompts = [[0], [2, 3], [4]]
    together = decoder(prompts, 4)
    for prompt, texts in zip(prompts, together, strict=True):
        for one, other in itertools.zip_longest(decoder([prompt], 4)[0], texts):
            assert one.ids.tolist() == other.ids.tolist()
            assert one.score == pytest.approx(other.score, rel=1e-5)


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan"), float("inf"), "1"])
def test_weights_that_cannot_be_are_refused(weight):
    with pytest.raises(ConfigError, match="coverage must be above 0"):
        Beams(num_beams=2, coverage=weight)


def test_a_step_without_a_source_is_refused():
    with pytest.raises(ConfigError, match="encoder-decoder with a cache"):
        Decoder(chain(), Beams(num_beams=2, coverage=1.0))([[0]], 4)
