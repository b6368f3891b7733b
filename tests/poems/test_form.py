"""Forms: their names, and what none is."""

import pytest

from kewen.errors import ConfigError
from kewen.poems import FORMS, Form


def test_a_name_says_lines_and_characters():
    assert Form.named("七言律诗") == Form(lines=8, characters=7)
    assert {name[0]: form.characters for name, form in FORMS.items()} == {
        "五": 5,
        "七": 7,
    }
    assert {name[2:]: form.lines for name, form in FORMS.items()} == {
        "绝句": 4,
        "律诗": 8,
    }


def test_the_length_counts_a_sign_behind_each_line():
    assert Form(4, 5).length == len("床前明月光，疑是地上霜。举头望明月，低头思故乡。")


@pytest.mark.parametrize(("lines", "characters"), [(3, 5), (2, 7), (22, 5), (4, 6)])
def test_other_forms_are_refused(lines, characters):
    with pytest.raises(ConfigError, match=f"{lines} lines of {characters}"):
        Form(lines, characters)


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(ConfigError, match=r"五言绝句.*Received: '十四行诗'"):
        Form.named("十四行诗")
