"""Where a space stands between word pieces."""

import pytest

from kewen.text import join_word_pieces


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        ("今 天 天 气", "今天天气"),
        ("今 天 play ##ing 2022 次", "今天playing 2022次"),
        ("un ##aff ##able , yes !", "unaffable, yes!"),
        ("( a ) b", "(a) b"),
        ('he said " yes " twice', 'he said "yes" twice'),
        ("it costs $ 10 . 22 .", "it costs $10.22."),
        ("the end . 2 more", "the end. 2 more"),
        ("2022 - 10 - 20", "2022-10-20"),
        ("don ' t", "don't"),
        ("😀 😀 hello", "😀😀 hello"),
        ("한국 사람", "한국 사람"),
        ("", ""),
    ],
)
def test_spaces_stand_where_a_reader_expects_them(tokens, text):
    assert join_word_pieces(tokens.split()) == text
