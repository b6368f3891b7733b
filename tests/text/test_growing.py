"""Pieces of a growing text: whole characters, and no stop string."""

import pytest
import tokenizers
from byte_tokenizer import byte_tokenizer
from tokenizers import decoders, models

from kewen.errors import ConfigError
from kewen.text import GrowingText, Tokenizer
from kewen.text.spelling import BYTE_PIECES

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


def test_of_stop_strings_in_one_another_the_first_to_be_complete_ends_the_text(
    tokenizer,
):
    ids = tokenizer.plain_ids("stop here")
    for size in (1, 2, 100):
        growing = GrowingText(tokenizer, ("top h", "o"))
        for start in range(0, len(ids), size):
            growing.add(ids[start : start + size])
        assert growing.text == "st"


def test_half_a_character_at_the_end_is_no_part_of_the_text(tokenizer):
    growing = GrowingText(tokenizer)
    assert growing.add(tokenizer.plain_ids("今天")[:5]) == "今"
    assert growing.finish() == ""
    assert growing.text == "今"


def test_bytes_of_a_vocabulary_that_falls_back_on_them(tmp_path):
    """The library reads a run of bytes as a whole, and spoils it for one cut short."""
    pieces = ["<unk>", "▁", "a", *BYTE_PIECES]
    library = tokenizers.Tokenizer(
        models.BPE(
            {piece: n for n, piece in enumerate(pieces)},
            [],
            unk_token="<unk>",
            byte_fallback=True,
        )
    )
    library.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    library.save(str(tmp_path / "tokenizer.json"))
    tokenizer = Tokenizer.from_folder(tmp_path)
    ids = [tokenizer.token_to_id(f"<0x{byte:02X}>") for byte in "好🙂".encode()]
    assert tokenizer.decode([1, 2, *ids]) == "a好🙂"
    for cut in (1, 2, 3):
        assert tokenizer.decode([1, 2, *ids[:-cut]]) == "a好�"
        growing = GrowingText(tokenizer)
        pieces = [growing.add([number]) for number in [1, 2, *ids[:-cut]]]
        assert "".join(pieces) + growing.finish() == growing.text == "a好"
    assert tokenizer.decode([ids[0], 2, *ids[:3], ids[1], 2]) == "�a好�a"


@pytest.mark.parametrize("stop", ["", ["a", ""], [1], 3, {"a": 1}])
def test_an_empty_stop_string_is_refused(tokenizer, stop):
    with pytest.raises(ConfigError, match="at least one character"):
        GrowingText(tokenizer, stop)
