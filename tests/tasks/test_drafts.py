"""A smaller model that guesses: what it must have, and what it bounds."""

import pytest
from byte_tokenizer import byte_tokenizer
from writers_of_bytes import made

from kewen.errors import ConfigError
from kewen.tasks import Generator


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    return byte_tokenizer(tmp_path_factory.mktemp("bytes"))


@pytest.fixture(scope="module")
def decoder(tokenizer):
    heads = ["language_model"]
    sizes = {"intermediate_dim": 32, "max_length": 128}
    return Generator(made("gpt2", tokenizer, heads, **sizes))


def test_a_draft_has_the_models_ids_and_kind(decoder, tokenizer):
    sizes = {"intermediate_dim": 16, "max_length": 64}
    other = made("gpt2", tokenizer, ["language_model"], vocabulary_size=300, **sizes)
    with pytest.raises(ConfigError, match="ids 256 and 300"):
        Generator(decoder.pretrained, draft=other)
    other = made("bert", tokenizer, ["masked_lm"], application="unilm", **sizes)
    with pytest.raises(ConfigError, match="kind lm and unilm"):
        Generator(decoder.pretrained, draft=other)


def short_draft(kind, tokenizer, heads):
    return made(kind, tokenizer, heads, intermediate_dim=16, max_length=12)


def test_a_draft_with_fewer_positions_bounds_the_text(decoder, tokenizer):
    draft = short_draft("gpt2", tokenizer, ["language_model"])
    writer = Generator(decoder.pretrained, draft=draft)
    for most in (4, 9):  # with 9 the last guesses stand beyond its positions
        wanted = decoder.generate("a b", max_new_tokens=most)
        assert writer.generate("a b", max_new_tokens=most) == wanted
    with pytest.raises(ConfigError, match="The draft has positions for 12 tokens"):
        writer.generate("a b", max_new_tokens=20)


@pytest.mark.parametrize("unused", [{"num_guesses": 0}, {"num_beams": 2}])
def test_a_draft_that_is_not_used_bounds_nothing(decoder, tokenizer, unused):
    draft = short_draft("gpt2", tokenizer, ["language_model"])
    writer = Generator(decoder.pretrained, draft=draft)
    unused = unused | {"max_new_tokens": 20}
    beams = {key: unused[key] for key in unused if key != "num_guesses"}
    assert writer.generate("a b", **unused) == decoder.generate("a b", **beams)


def test_a_draft_reads_the_source_too(tokenizer):
    config_json = {"decoder_start_token_id": 2, "eos_token_id": 10}
    sizes = {"intermediate_dim": 16, "max_length": 64, "config_json": config_json}
    pretrained = made("bart", tokenizer, ["language_model"], **sizes)
    plain = Generator(pretrained)
    draft = made("bart", tokenizer, ["language_model"], **(sizes | {"max_length": 12}))
    writer = Generator(pretrained, draft=draft)
    wanted = plain.generate("a b c d", max_new_tokens=8)
    assert writer.generate("a b c d", max_new_tokens=8) == wanted
    with pytest.raises(ConfigError, match="draft's encoder has positions for 12"):
        writer.generate("a b " * 10, max_new_tokens=8)
    with pytest.raises(ConfigError, match="The draft has positions for 12 tokens"):
        writer.generate("a b", max_new_tokens=20)
