"""Pictures of attention: right pixels, right choice, honest captions."""

import base64
import re
import struct
import zlib

import numpy as np
import pytest
from page_reader import PageReader
from report_cases import attention

from kewen.analysis.report import AttentionMap
from kewen.analysis.report.attention_map import MOST_TOKENS, attention_section
from kewen.analysis.report.png import ink_png
from kewen.errors import ShapeError


def pixels(png):
    """Decode what `ink_png` wrote, following the specification on its own."""
    chunks, place = {}, 8
    while place < len(png):
        (size,) = struct.unpack(">I", png[place : place + 4])
        kind, content = png[place + 4 : place + 8], png[place + 8 : place + 8 + size]
        (checksum,) = struct.unpack(">I", png[place + 8 + size : place + 12 + size])
        assert checksum == zlib.crc32(kind + content)
        chunks[kind], place = content, place + 12 + size
    width, height, depth, colour = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert (depth, colour) == (4, 3)
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8)
    lines = lines.reshape(height, -1)
    assert not lines[:, 0].any()
    nibbles = np.stack([lines[:, 1:] >> 4, lines[:, 1:] & 15], axis=-1)
    return nibbles.reshape(height, -1)[:, :width], chunks


def pictures(css):
    found = re.findall(r'--(\w+):url\("data:image/png;base64,([^"]+)"\)', css)
    return {key: pixels(base64.b64decode(png))[0] for key, png in found}


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (4, 4), (48, 48)])
def test_png_holds_every_level_at_its_place(shape):
    levels = np.random.default_rng(0).integers(0, 16, shape, dtype=np.uint8)
    decoded, chunks = pixels(ink_png(levels, (1, 2, 3)))
    np.testing.assert_array_equal(decoded, levels)
    assert chunks[b"PLTE"] == bytes([1, 2, 3]) * 16
    assert list(chunks[b"tRNS"]) == [17 * level for level in range(16)]


def test_each_head_and_each_mean_has_its_picture():
    chosen = attention(num_layers=2, num_heads=3, side=5)
    drawn = pictures(attention_section(chosen).css)
    assert len(drawn) == 2 * (3 + 1)
    for layer in range(2):
        heads = [chosen.scores[layer, head] for head in range(3)]
        for key, weights in [
            (f"l{layer}m", np.mean(heads, axis=0)),
            *((f"l{layer}h{head}", heads[head]) for head in range(3)),
        ]:
            expected = np.rint(15 * np.sqrt(weights / weights.max()))
            np.testing.assert_array_equal(drawn[key], expected)


def test_the_mean_of_the_last_layer_is_chosen_first():
    inputs = [
        attrs
        for tag, attrs in PageReader(attention_section(attention()).body).tags
        if tag == "input"
    ]
    assert [i["id"] for i in inputs if "checked" in i] == ["l1m"]
    assert len({i["id"] for i in inputs}) == len(inputs)


def test_every_picture_in_the_overview_chooses_an_existing_button():
    reader = PageReader(attention_section(attention()).body)
    buttons = {attrs["id"] for tag, attrs in reader.tags if tag == "input"}
    assert set(reader.attributes("for")) == buttons


def test_a_long_text_is_cut_and_the_page_says_so():
    section = attention_section(attention(side=100))
    assert f"first {MOST_TOKENS} tokens of 100" in section.body
    assert {p.shape for p in pictures(section.css).values()} == {(48, 48)}


def test_a_short_text_is_not_said_to_be_cut():
    assert "need not add up" not in attention_section(attention(side=48)).body


def test_the_most_looked_at_word_has_full_ink_and_special_tokens_have_none():
    scores = np.zeros((1, 1, 3, 3))
    scores[..., :] = [0.7, 0.2, 0.1]
    body = attention_section(AttentionMap(["[CLS]", "a", "b"], scores)).body
    assert re.findall(r"--share:([\d.]+)\">(\S+?)</span>", body)[:3] == [
        ("0.00", "[CLS]"),
        ("1.00", "a"),
        ("0.50", "b"),
    ]


def test_weights_that_are_not_numbers_do_not_stop_the_page():
    scores = np.full((1, 1, 2, 2), np.nan)
    assert pictures(attention_section(AttentionMap(["a", "b"], scores)).css)


def test_tokens_and_scores_of_different_length_are_refused():
    with pytest.raises(ShapeError, match=r"2 tokens given. Received: \(1, 1, 3, 3\)"):
        AttentionMap(["a", "b"], np.zeros((1, 1, 3, 3)))


def test_a_map_without_heads_is_refused():
    with pytest.raises(ShapeError, match="at least one layer, head and token"):
        AttentionMap(["a"], np.zeros((2, 0, 1, 1)))
