"""`kewen poem`: poems on standard output, and what cannot be."""

import pytest


def test_the_example_of_the_help_writes_a_poem_of_its_form(kewen):
    options = ("--form", "五言绝句", "--acrostic", "春夏秋冬")
    ended = kewen("poem", "明月", *options)
    assert (ended.code, ended.err) == (0, "")
    first, second = ended.out.splitlines()
    for couplet, (a, b) in ((first, "春夏"), (second, "秋冬")):
        assert (couplet[0], couplet[5], couplet[6], couplet[11]) == (a, "，", b, "。")
        assert len(couplet) == 12


def test_several_poems_have_an_empty_line_between_them(kewen):
    ended = kewen("poem", "--lines", 6, "--characters", 7, "--number", 3)
    poems = ended.out.strip().split("\n\n")
    assert [len(poem.splitlines()) for poem in poems] == [3, 3, 3]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--form", "俳句"), "五言绝句"),
        (("--lines", 8), "by --lines and --characters together. Received: --lines 8."),
        (("--form", "五言绝句", "--lines", 8, "--characters", 5), "by its name, or by"),
        (("--lines", 5, "--characters", 7), "5 lines of 7"),
        (("--acrostic", "春夏"), "春夏"),
        (("--rhyme", "ong"), "Pingshui"),
    ],
)
def test_what_cannot_be_ends_with_a_paragraph(kewen, options, words):
    ended = kewen("poem", "明月", *options)
    assert ended.code == 2 and ended.out == ""
    assert words in " ".join(ended.err.split()) and "Traceback" not in ended.err
