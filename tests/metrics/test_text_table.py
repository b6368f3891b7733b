"""Alignment by screen columns."""

import pytest

from kewen.metrics import display_width, text_table


@pytest.mark.parametrize(
    ("text", "columns"),
    [("", 0), ("abc", 3), ("课文 a", 6), ("ＡＢ", 4), ("e\u0301", 1), ("\u200b", 0)],
)
def test_width_counts_full_width_characters_twice_and_marks_not_at_all(text, columns):
    assert display_width(text) == columns


def test_lines_end_in_the_same_screen_column_with_chinese_labels():
    table = text_table(["类别", "召回"], [["体育新闻", "1"], ["tech", "0.25"]])
    assert {display_width(line) for line in table.splitlines()} == {14}


def test_a_line_break_in_a_label_does_not_break_the_row():
    assert len(text_table(["a"], [["b\nc"], ["d\u2028e"]]).splitlines()) == 3


def test_a_label_cannot_steer_the_terminal():
    table = text_table(["a"], [["\x1b[2J\u202ebad"]])
    assert r"\x1b[2J\u202ebad" in table
