"""Pieces of a growing text: whole characters, and no stop string."""

import pytest
from byte_tokenizer import byte_tokenizer

from kewen.errors import ConfigError
from kewen.text import GrowingText

TEXTS = ["今天天气真不错", "a naïve café 🙂🙂 b", "stop here now", "aaSTaaSTOPbb", ""]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    return byte_tokenizer(tmp_path_factory.mktemp("bytes"))


@pytest.mark.parametrize("text", TEXTS)
def test_pieces_put_together_are_the_text(tokenizer, text):
    growing = GrowingText(tokenizer)
    pieces = [growing.add([number]) for number in tokenizer.plain_ids(text)]
    pieces.append(growing.finish())
    assert "".join(pieces) == growing.text == text
    assert not any("�" in piece for piece in pieces)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("stop", ["STOP", "o", "天气", "🙂", ("here", "now")])
def test_a_stop_string_never_leaks_however_the_tokens_fall(tokenizer, text, stop):
    stops = (stop,) if isinstance(stop, str) else stop
    places = [text.find(each) for each in stops if each in text]
    wanted = text[: min(places)] if places else text
    for size in (1, 2, 3, 100):
        growing = GrowingText(tokenizer, stop)
        ids = tokenizer.plain_ids(text)
        parts = [ids[i : i + size] for i in range(0, len(ids), size)]
        seen = ""
        for part in parts:
            seen += growing.add(part)
            assert wanted.startswith(seen)
        assert seen + growing.finish() == wanted
        assert growing.stopped == bool(places)


def test_bytes_that_stay_half_a_character_are_shown_at_the_end(tokenizer):
    growing = GrowingText(tokenizer)
    assert growing.add(tokenizer.plain_ids("天")[:2]) == ""
    assert growing.finish() == "�"


@pytest.mark.parametrize("stop", ["", ["a", ""], [1]])
def test_an_empty_stop_string_is_refused(tokenizer, stop):
    with pytest.raises(ConfigError, match="at least one character"):
        GrowingText(tokenizer, stop)
