"""Texts of a tiny decoder, encoder-decoder and UniLM: contracts of `Generator`."""

import dataclasses

import numpy as np
import pytest
from byte_tokenizer import byte_tokenizer
from writers_of_bytes import made

from kewen.data import Example
from kewen.decoding import PassageNGrams
from kewen.errors import ConfigError, DataError
from kewen.tasks import Generator
from kewen.tasks.id_generation import IdGenerator
from kewen.tasks.prompts import ids_of_prompt

TWO_ENTRIES = PassageNGrams([[[1]], [[2]]], [3])
PROMPTS = ["今天天气", "a", "the quick brown", "你好吗"]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    return byte_tokenizer(tmp_path_factory.mktemp("bytes"))


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


@pytest.mark.parametrize("with_draft", [False, True], ids=["look-up", "draft"])
def test_a_function_ends_a_text_at_the_same_token_whatever_is_guessed(
    decoder, with_draft
):
    options = {"max_new_tokens": 14, "until": lambda text: len(text) >= 5}
    draft = decoder.pretrained if with_draft else None
    guessing = Generator(decoder.pretrained, draft=draft)
    options_of_guesses = {**options, "num_guesses": np.int64(3)}
    for prompt in ("the quick brown", "今天天气"):
        wanted = decoder.generate(prompt, **options)
        assert guessing.generate(prompt, **options_of_guesses) == wanted
        pieces = guessing.stream(prompt, **options_of_guesses)
        assert "".join(pieces) == wanted


def test_the_clock_ends_a_text_and_what_came_is_kept(decoder):
    (found,) = decoder.results(["a"], max_new_tokens=100, max_time_s=1e-9)[0]
    assert found.finish == "time"
    assert 1 <= len(found.ids) < 100


def test_the_end_token_ends_a_text_unless_it_is_to_be_ignored(decoder):
    (free,) = decoder.results(["a"], max_new_tokens=9, ignore_end=True)[0]
    end = int(free.ids[4])
    count = free.ids.tolist().index(end) + 1
    ends = {"eos_token_id": [end]}
    pretrained = dataclasses.replace(decoder.pretrained, config_json=ends)
    (found,) = Generator(pretrained).results(["a"], max_new_tokens=9)[0]
    assert found.finish == "end"
    np.testing.assert_array_equal(found.ids, free.ids[:count])


def test_a_text_that_has_ended_did_not_run_out_of_time(decoder, monkeypatch):
    (free,) = decoder.results(["a"], max_new_tokens=2, ignore_end=True)[0]
    assert free.finish == "length"
    ends = {"eos_token_id": int(free.ids[0])}
    pretrained = dataclasses.replace(decoder.pretrained, config_json=ends)
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
    source = ids_of_prompt("今天", writer.tokenizer, writer.model, {})
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
        ({"num_beams": "4"}, "num_beams must be"),
        ({"num_beams": 2**31}, "num_beams must be"),
        ({"num_beams": 2**24}, "num_beams must be"),
        ({"num_beams": 2, "num_results": 3}, "num_results must be"),
        ({"num_beams": 2, "early_stopping": []}, "which transformers calls"),
        ({"num_beams": 2, "early_stopping": True}, "which transformers calls"),
        ({"ignore_end": "x"}, "ignore_end must be True or False"),
        ({"ignore_end": np.array([1, 2])}, "ignore_end must be True or False"),
        ({"max_new_tokens": 2**31}, "max_new_tokens must be a whole number from"),
        ({"top_k": 10**400}, "k must be a whole number from"),
        ({"repetition_penalty": 10**400}, "must be above 0, and finite"),
        ({"num_beam_groups": 2}, "Groups are of beams"),
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
        ({"stop": 3}, "string or a list of strings"),
        ({"until": 5}, "until must be a function"),
        ({"max_time_s": 0}, "max_time_s must be above 0"),
        ({"max_time_s": "x"}, "max_time_s must be above 0"),
        ({"temperature": "hot"}, "temperature must be above"),
        ({"seed": 1.5}, "seed must be a whole number"),
        ({"rules": 5}, "list of rules"),
        ({"rules": ["x"]}, "list of rules"),
        ({"min_new_tokens": 80}, "at most max_new_tokens"),
        ({"bad_words": 5}, "lists of token ids"),
        ({"bad_words": [[3, 256]]}, "from 0 to 255"),
        ({"allowed_ids": [256]}, "from 0 to 255"),
        ({"forced_start": [[1, 2], [3]]}, "list of token ids"),
        ({"chat_options": 5}, "chat_options must be a dict"),
        ({"chat_options": {"messages": []}}, "messages are the prompt"),
        ({"num_guesses": -1}, "num_guesses must be"),
        ({"num_guesses": 33}, "num_guesses must be a whole number from 0 to 32"),
        ({"num_guesses": 3, "num_beams": 2}, "Guesses are for greedy"),
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


@pytest.mark.parametrize("prompts", [5, [5], [["a"]], {"role": "user", "content": "a"}])
def test_what_is_no_prompt(decoder, prompts):
    with pytest.raises(DataError, match=r"list of (texts|messages)|a text"):
        decoder.generate(prompts)


def test_prompts_of_an_array_are_those_of_a_list(decoder):
    given = decoder.generate(np.array(PROMPTS), max_new_tokens=4)
    assert given == decoder.generate(PROMPTS, max_new_tokens=4, stop=None)


@pytest.mark.parametrize("options", [{}, {"num_beams": 2}, {"num_guesses": 2}])
def test_a_prompt_that_is_too_long_is_named_before_any_is_answered(decoder, options):
    prompts = ["a", "b", "a" * 125, "c"]
    with pytest.raises(ConfigError, match="125 in prompt 2, and max_new_tokens 4"):
        next(decoder.many(prompts, rows=2, max_new_tokens=4, **options))


@pytest.mark.parametrize("given", [{"pretrained": "gpt2"}, {"draft": "gpt2"}])
def test_what_is_no_model_is_refused(decoder, given):
    with pytest.raises(ConfigError, match=r"as kewen\.load gives them"):
        Generator(**{"pretrained": decoder.pretrained, **given})


def test_a_length_and_options_of_evaluation_of_other_types_are_refused(decoder):
    with pytest.raises(ConfigError, match="max_length must be from 3 to 128"):
        Generator(decoder.pretrained, max_length="x")
    with pytest.raises(ConfigError, match="generation must be a dict of options"):
        decoder.evaluate([Example("a", pair="b")], generation=5)


def test_rows_are_a_whole_number(decoder):
    with pytest.raises(ConfigError, match="rows must be a whole number"):
        list(decoder.many(PROMPTS, rows=2.5))


@pytest.fixture(scope="module")
def draft(tokenizer):
    sizes = {"intermediate_dim": 16, "max_length": 64, "num_layers": 1}
    return made("gpt2", tokenizer, ["language_model"], hidden_dim=8, **sizes)


@pytest.mark.parametrize("drafted", [False, True])
@pytest.mark.parametrize("chance", [{}, {"temperature": 1.5, "num_results": 2}])
def test_guesses_change_no_greedy_text_and_no_seed(decoder, draft, drafted, chance):
    writer = Generator(decoder.pretrained, draft=draft if drafted else None)
    options = {"max_new_tokens": 14, "num_guesses": 3, **chance}
    found = writer.generate(PROMPTS, **options)
    assert found == writer.generate(PROMPTS, stop=["qqqq"], **options)
    if not chance:
        assert found == decoder.generate(PROMPTS, max_new_tokens=14)
        assert found == [t.text for _, t in sorted(writer.many(PROMPTS, **options))]
        assert found[0] == "".join(writer.stream(PROMPTS[0], **options))
    else:
        assert all(one != other for one, other in found)


def test_guesses_reach_the_last_position(decoder):
    """Those beyond it have no position, and no say."""
    prompt = "a b c " * 15
    most = 128 - len(decoder.tokenizer.plain_ids(prompt))
    plain = decoder.results([prompt], max_new_tokens=most)
    quick = decoder.results([prompt], max_new_tokens=most, num_guesses=4)
    assert plain[0][0].ids.tolist() == quick[0][0].ids.tolist()


def test_guesses_after_a_prompt_that_nearly_fills_the_positions(tokenizer):
    sizes = {"intermediate_dim": 32, "max_length": 100}
    writer = Generator(made("gpt2", tokenizer, ["language_model"], **sizes))
    options = {"max_new_tokens": 2, "ignore_end": True}
    plain = writer.generate("a" * 98, **options)
    assert writer.generate("a" * 98, **options, num_guesses=3) == plain


def test_answers_of_an_evaluation_are_the_texts_that_are_generated(decoder):
    examples = [Example(text=prompt, pair="cd e") for prompt in PROMPTS]
    for most in (3, 6, 7):
        generation = {"max_new_tokens": most}
        found = decoder.evaluate(examples, generation=generation).answers
        texts = decoder.generate(PROMPTS, **generation)
        assert list(found) == [text.strip() for text in texts]


def test_guesses_are_judged_without_a_rule_for_each_prompt(decoder):
    with pytest.raises(ConfigError, match="one prompt at a time"):
        decoder.generate(["a", "b"], rules=[TWO_ENTRIES], num_guesses=2)


def test_a_quantised_model_is_not_trained_saved_as_others_or_quantised(
    tokenizer, tmp_path
):
    pretrained = made(
        "gpt2", tokenizer, ["language_model"], intermediate_dim=32, max_length=64
    )
    pretrained.model.quantize("int8")
    writer = Generator(pretrained)
    with pytest.raises(ConfigError, match=r"already\. Load it anew"):
        pretrained.model.quantize("int8")
    with pytest.raises(ConfigError, match="quantise what was trained"):
        writer.fit([Example("hello world"), Example("good day")], epochs=1)
    with pytest.raises(ConfigError, match=r"Pretrained\.save"):
        writer.save(tmp_path / "new")
    assert not (tmp_path / "new").exists()


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
