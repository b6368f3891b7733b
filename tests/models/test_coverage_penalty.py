"""What an encoder-decoder looked at, with a cache, against its whole attention maps."""

import numpy as np
import pytest
from keras import ops
from test_generated_ids import ENCODER_DECODERS, GOLDEN, recorded

import kewen
from kewen.decoding import Beams, Decoder
from kewen.errors import ConfigError
from kewen.models.cached_step import decoding_step
from kewen.tasks.generation_options import GenerationOptions
from kewen.tasks.id_generation import IdGenerator

NEW = 6


@pytest.mark.parametrize("name", ENCODER_DECODERS)
@pytest.mark.parametrize("groups", [1, 3])
def test_scores_are_those_of_whole_texts(name, groups):
    model = kewen.load(GOLDEN / name).model
    _, prompts, source, _, _ = recorded(name)
    strategy = Beams(num_beams=3, groups=groups, length_penalty=0.7, coverage=0.4)
    found = Decoder(decoding_step(model), strategy)(prompts, NEW, source)
    shown = model.redrawn(collect=["attention_scores"])
    last = f"cross_attention_{model.config.num_decoder_layers - 1}"
    for n, texts in enumerate(found):
        whole = np.array([[*prompts[n], *text.ids.tolist()] for text in texts])
        ids, is_source = (
            np.repeat(each[n : n + 1], len(texts), axis=0) for each in source.values()
        )
        outputs = shown.predict_on_batch(
            {
                "token_ids": ids,
                "padding_mask": is_source,
                "decoder_token_ids": whole[:, :-1],
                "decoder_padding_mask": np.ones_like(whole[:, :-1], bool),
            }
        )
        laws, maps = (
            ops.convert_to_numpy(outputs[each]).astype("float64")
            for each in ("lm_logits", last)
        )
        laws -= np.log(np.exp(laws).sum(axis=-1, keepdims=True))
        sums = np.take_along_axis(laws, whole[:, 1:, None], axis=2).sum(axis=(1, 2))
        covered = maps.mean(axis=1).sum(axis=1)
        covered = np.where(is_source, np.minimum(covered, 1.0), 1.0)
        owed = np.log(covered).sum(axis=1)
        wanted = sums / NEW**0.7 + 0.4 * owed
        assert np.abs(owed).max() > 0.1
        np.testing.assert_allclose([text.score for text in texts], wanted, rtol=1e-3)


def test_a_decoder_and_one_beam_are_refused():
    generate = IdGenerator(kewen.load(GOLDEN / "gpt2"))
    with pytest.raises(ConfigError, match="encoder-decoder with a cache"):
        generate([[1, 2]], options(num_beams=2, coverage_penalty=0.2))
    with pytest.raises(ConfigError, match="one beam"):
        options(coverage_penalty=0.2)
    with pytest.raises(ConfigError, match="at least 0"):
        options(num_beams=2, coverage_penalty=-0.2)


def options(**own):
    return GenerationOptions.of({"max_new_tokens": 3, **own})
