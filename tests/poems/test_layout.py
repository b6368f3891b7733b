"""A poem as ids, and back."""

import pytest

from kewen.errors import DataError, VocabularyError
from kewen.poems import Form, Layout

LINES = ["床前明月光", "疑是地上霜", "举头望明月", "低头思故乡"]
QUATRAIN = Form(4, 5)


@pytest.fixture(scope="module")
def layout():
    characters = dict.fromkeys("".join(LINES) + "静夜思")
    return Layout(Layout.tokens_for(characters, ["东", "阳"]))


def text_of(layout, ids):
    return "".join(layout.tokens[number] for number in ids)


def test_a_prompt_says_form_rhyme_title_and_heads(layout):
    prompt = layout.prompt(QUATRAIN, title="静夜思", rhyme="阳", heads="床疑举低")
    text = text_of(layout, prompt)
    assert text == "[CLS][五言][4][韵:阳]静夜思[藏头]床疑举低[SEP]"


def test_what_is_not_said_leaves_no_trace(layout):
    assert text_of(layout, layout.prompt(Form(8, 7))) == "[CLS][七言][8][SEP]"


def test_lines_come_back(layout):
    body = layout.body(LINES)
    end = "，举头望明月，低头思故乡。[SEP]".replace("，举", "。举")
    assert text_of(layout, body).endswith(end)
    assert layout.lines_of(body, QUATRAIN) == LINES


def test_an_unknown_character_has_the_unknown_token(layout):
    assert text_of(layout, layout.prompt(QUATRAIN, title="静电思")).count("[UNK]") == 1


def test_a_poem_of_another_form_is_refused(layout):
    with pytest.raises(DataError, match="4 lines of 7"):
        layout.lines_of(layout.body(LINES), Form(4, 7))


def test_signs_are_no_characters(layout):
    found = {layout.tokens[number] for number in layout.character_ids()}
    assert found == set("".join(LINES) + "静夜思")


def test_a_vocabulary_without_the_signs_is_refused():
    with pytest.raises(VocabularyError, match="藏头"):
        Layout(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "月"])
