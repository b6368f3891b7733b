"""Texts of a tiny decoder, encoder-decoder and UniLM: contracts of `Generator`."""

import numpy as np
import pytest
from byte_tokenizer import byte_tokenizer

import kewen
from kewen.decoding import PassageNGrams
from kewen.errors import ConfigError, DataError
from kewen.models import Backbone
from kewen.models.registry import family
from kewen.tasks import Generator
from kewen.tasks.id_generation import IdGenerator

TWO_ENTRIES = PassageNGrams([[[1]], [[2]]], [3])
PROMPTS = ["今天天气", "a", "the quick brown", "你好吗"]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    return byte_tokenizer(tmp_path_factory.mktemp("bytes"))


def made(name, tokenizer, heads, application=None, config_json=None, **sizes):
    kewen_family = family(name)
    config = kewen_family.config.from_dict(
        {
            "vocabulary_size": 256,
            "num_layers": 2,
            "num_heads": 2,
            "hidden_dim": 16,
            **sizes,
        }
    )
    import keras

    keras.utils.set_random_seed(1)
    model = Backbone(config, heads=heads, application=application)
    for weight in model.weights:  # far from uniform, so that choices are clear
        weight.assign(weight.numpy() * 8 if weight.ndim > 1 else weight)
    return kewen.Pretrained(
        model=model, tokenizer=tokenizer, config_json=config_json or {}
    )


@pytest.fixture(scope="module")
def decoder(tokenizer):
    pretrained = made(
        "gpt2",
        tokenizer,
        ["language_model"],
        intermediate_dim=32,
        max_length=128,
        config_json={"eos_token_id": 10},
    )
    return Generator(pretrained)


def test_a_list_is_generated_as_each_prompt_alone(decoder):
    together = decoder.generate(PROMPTS, max_new_tokens=12)
    assert together == [decoder.generate(p, max_new_tokens=12) for p in PROMPTS]


@pytest.mark.parametrize("stop", [(), ("q",), "\ufffd"])
def test_a_stream_put_together_is_what_generate_gives(decoder, stop):
    for prompt in PROMPTS:
        options = {"max_new_tokens": 20, "stop": stop}
        pieces = list(decoder.stream(prompt, **options))
        assert all(pieces)
        assert "".join(pieces) == decoder.generate(prompt, **options)


def test_a_text_ends_before_a_stop_string(decoder):
    (plain,) = decoder.results(["a"], max_new_tokens=20)[0]
    stop = decoder.tokenizer.decode(plain.ids)[3:6]
    (cut,) = decoder.results(["a"], max_new_tokens=20, stop=stop)[0]
    assert cut.finish == "stop"
    assert cut.text == plain.text[: plain.text.index(stop)]


def test_contrastive_search_streams_and_goes_through_few_rows(decoder):
    options = {"penalty_alpha": 0.6, "top_k": 4, "max_new_tokens": 12}
    together = decoder.generate(PROMPTS, **options)
    assert together == ["".join(decoder.stream(p, **options)) for p in PROMPTS]
    found = dict(decoder.many(PROMPTS, rows=2, **options))
    assert [found[n].text for n in range(len(PROMPTS))] == together
    assert together != decoder.generate(PROMPTS, max_new_tokens=12)


def ids_of(found):
    return [text.ids.tolist() for _, text in sorted(found, key=lambda pair: pair[0])]


def test_equal_prompts_draw_unequally_also_through_few_rows(decoder):
    chance = {"max_new_tokens": 8, "temperature": 2.0, "seed": 1}
    wanted = [text.ids.tolist() for (text,) in decoder.results(["a"] * 5, **chance)]
    assert len(set(map(tuple, wanted))) == 5
    assert ids_of(decoder.many(["a"] * 5, rows=2, **chance)) == wanted


def test_a_function_ends_a_text(decoder):
    def until(text):
        return len(text) >= 3

    (found,) = decoder.results(["a"], max_new_tokens=40, until=until)[0]
    assert found.finish == "stop"
    assert 3 <= len(found.ids) < 40
    stream = decoder.stream("a", max_new_tokens=40, until=until)
    assert "".join(stream) == found.text


def test_the_clock_ends_a_text_and_what_came_is_kept(decoder):
    (found,) = decoder.results(["a"], max_new_tokens=100, max_time_s=1e-9)[0]
    assert found.finish == "time"
    assert 1 <= len(found.ids) < 100


def test_the_end_token_ends_a_text_unless_it_is_to_be_ignored(decoder):
    (free,) = decoder.results(["a"], max_new_tokens=9, ignore_end=True)[0]
    end = int(free.ids[4])
    count = free.ids.tolist().index(end) + 1
    pretrained = decoder.pretrained
    pretrained.config_json = {"eos_token_id": [end]}
    (found,) = Generator(pretrained).results(["a"], max_new_tokens=9)[0]
    assert found.finish == "end"
    np.testing.assert_array_equal(found.ids, free.ids[:count])


def test_a_text_that_has_ended_did_not_run_out_of_time(decoder, monkeypatch):
    (free,) = decoder.results(["a"], max_new_tokens=2, ignore_end=True)[0]
    assert free.finish == "length"
    pretrained = decoder.pretrained
    pretrained.config_json = {"eos_token_id": int(free.ids[0])}
    writer = Generator(pretrained)
    monkeypatch.setattr(
        "kewen.tasks.text_limits.time.monotonic", iter(range(99)).__next__
    )
    found = writer.results(["a", "the quick"], max_new_tokens=40, max_time_s=2.5)
    assert [text.finish for (text,) in found] == ["end", "time"]
    (ignored,) = writer.results(["a"], max_new_tokens=1, ignore_end=True)[0]
    assert (ignored.finish, ignored.ids[0]) == ("length", free.ids[0])


def test_beams_give_as_many_texts_as_asked_the_best_first(decoder):
    found = decoder.results(PROMPTS, num_beams=4, num_results=3, max_new_tokens=6)
    for texts in found:
        scores = [text.score for text in texts]
        assert len(texts) == 3
        assert scores == sorted(scores, reverse=True)


def test_an_encoder_under_the_unilm_mask_answers(tokenizer):
    pretrained = made(
        "bert",
        tokenizer,
        ["masked_lm"],
        application="unilm",
        intermediate_dim=32,
        max_length=64,
        config_json={"eos_token_id": 10},
    )
    writer = Generator(pretrained)
    (found,) = writer.results(["今天"], max_new_tokens=8)[0]
    # Against the model itself, the whole text anew for each token.
    source = writer.prompt_ids("今天")
    ids = list(source)
    for _ in range(len(found.ids)):
        rows = {
            "token_ids": np.array([ids], "int32"),
            "segment_ids": np.array(
                [[0] * len(source) + [1] * (len(ids) - len(source))]
            ),
            "padding_mask": np.ones((1, len(ids)), bool),
        }
        logits = pretrained.model.predict_on_batch(rows)["mlm_logits"]
        ids.append(int(np.asarray(logits)[0, -1].argmax()))
    assert ids[len(source) :] == found.ids.tolist()


def test_an_encoder_decoder_answers(tokenizer):
    pretrained = made(
        "t5",
        tokenizer,
        ["language_model"],
        intermediate_dim=32,
        config_json={"eos_token_id": 1, "decoder_start_token_id": 0},
    )
    writer = Generator(pretrained)
    together = writer.generate(PROMPTS, max_new_tokens=6)
    assert together == [writer.generate(p, max_new_tokens=6) for p in PROMPTS]
    chance = {"max_new_tokens": 6, "temperature": 2.0, "seed": 3}
    drawn = [text.ids.tolist() for (text,) in writer.results(PROMPTS, **chance)]
    for number, prompt in enumerate(PROMPTS):
        ((alone,),) = writer.results([prompt], **chance)
        assert alone.ids.tolist() == drawn[number]
    assert ids_of(writer.many(PROMPTS, rows=2, **chance)) == drawn


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"max_new_tokens": 0}, "max_new_tokens must be"),
        ({"max_new_tokens": 500}, "positions for 128 tokens"),
        ({"num_beams": 0}, "num_beams must be"),
        ({"num_beams": 200}, "at most 128 with 256 ids"),
        ({"top_p": 1.5}, "p must be above 0"),
        ({"rules": (TWO_ENTRIES,)}, "2 entries of PassageNGrams for 1 prompts"),
        ({"penalty_alpha": 0.6}, "takes penalty_alpha and top_k"),
        ({"penalty_alpha": 0.6, "top_k": 4, "top_p": 0.9}, "nor options of sampling"),
        ({"penalty_alpha": 0.6, "top_k": 4, "num_beams": 2}, "neither beams"),
        ({"penalty_alpha": 1.5, "top_k": 4}, "from 0 to 1"),
        ({"penalty_alpha": 0.6, "top_k": 400}, "1 to 256, as many"),
        ({"penalty_alpha": 0.6, "top_k": 4, "num_results": 2}, "contrastive search"),
        ({"num_results": 2}, "greedy search finds one"),
        ({"temperature": 1e-40}, "temperature must be above"),
        ({"num_beams": 2, "length_penalty": float("nan")}, "length_penalty must be"),
        ({"num_beams": 2, "until": len}, "known at the end only"),
        ({"num_beams": 2, "max_time_s": 1.0}, "known at the end only"),
        ({"stop": ""}, "at least one character"),
        ({"max_time_s": 0}, "more than 0"),
        ({"colour": "red"}, "Generation takes the options"),
    ],
)
def test_options_that_cannot_be_are_refused(decoder, options, words):
    with pytest.raises(ConfigError, match=words):
        decoder.generate("a", **options)


def test_an_empty_prompt_and_no_prompt(decoder):
    with pytest.raises(DataError, match="at least one token"):
        decoder.generate("")
    assert decoder.generate([]) == []


def test_scores_that_are_no_numbers_are_an_error(tokenizer):
    pretrained = made(
        "gpt2", tokenizer, ["language_model"], intermediate_dim=32, max_length=64
    )
    weight = pretrained.model.weights[0]
    weight.assign(weight.numpy() * np.nan)
    with pytest.raises(DataError, match="must be numbers"):
        Generator(pretrained).generate("a", max_new_tokens=4)
    with pytest.raises(DataError, match="must be numbers"):
        Generator(pretrained).score(["abc"])


def test_a_model_whose_tokens_see_all_is_refused(tokenizer):
    pretrained = made(
        "bert", tokenizer, ["masked_lm"], intermediate_dim=32, max_length=64
    )
    with pytest.raises(ConfigError, match='application="unilm"'):
        IdGenerator(pretrained)


def test_a_model_without_a_head_is_refused(tokenizer):
    pretrained = made("gpt2", tokenizer, [], intermediate_dim=32, max_length=64)
    with pytest.raises(ConfigError, match="one of the heads"):
        IdGenerator(pretrained)
