"""A page of any sections and a table of strangers' words."""

import pytest

from kewen.analysis.report import Section, table_section, write_page
from kewen.errors import FileError


def test_a_page_has_its_title_figures_and_sections(tmp_path):
    rows = [[table_section("Words", ["word", "count"], [["的", "31"]], "A & B")]]
    path = write_page(tmp_path / "page.html", "Counts", {"words": "1 & 2"}, rows)
    text = path.read_text("utf-8")
    assert "<h2>Words</h2>" in text and "A &amp; B" in text
    assert "<dt>words</dt><dd>1 &amp; 2</dd>" in text
    assert '<th scope="row"><bdi lang="zh"' in text and ">31</td>" in text


def test_markup_in_a_word_stays_text(tmp_path):
    section = table_section("Words", ["word", "n"], [["<script>", "<b>"]])
    assert "<script>" not in section.body and "<b>" not in section.body


def test_a_page_does_not_replace_another_unasked(tmp_path):
    (tmp_path / "page.html").write_text("mine")
    with pytest.raises(FileError):
        write_page(tmp_path / "page.html", "x", {}, [[Section("a", "b")]])
