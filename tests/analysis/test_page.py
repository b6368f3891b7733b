"""The page as a browser meets it: well-formed, alone, deaf to injected markup."""

import numpy as np
import pytest
from page_reader import PageReader
from report_cases import attention

from kewen.analysis.report import AttentionMap, Mistake, write_classification_report
from kewen.errors import FileError, ShapeError
from kewen.metrics import classification_scores

HOSTILE = (
    '</style></title><script>alert(\'x\')</script>" onload="alert(1)" & \x00\ud800'
)


def test_page_is_well_formed_and_says_its_language_and_encoding(write):
    page = write()
    reader = PageReader(page)
    assert reader.problems == []
    assert page.startswith("<!DOCTYPE html>\n<html lang=")
    assert reader.attributes("charset") == ["utf-8"]


def test_page_shows_scores_labels_history_mistakes_and_facts(write, results):
    text = PageReader(write()).text
    for shown in ["体育新闻", "0.9700", "93.0 % sure", "MiniLM", "课文 demo"]:
        assert shown in text
    assert f"{results['scores'].accuracy:.4f}" in text


def test_page_loads_nothing_from_outside_and_runs_no_script(write):
    page = write()
    reader = PageReader(page)
    loading = {"script", "link", "img", "iframe", "object", "base", "form"}
    assert not loading & {tag for tag, _ in reader.tags}
    assert reader.attributes("src") == reader.attributes("href") == []
    assert page.count("url(") == page.count('url("data:image/png;base64,') + page.count(
        "url(#inside)"
    )


def test_hostile_text_stays_text_wherever_it_stands(write):
    harmless = {tag for tag, _ in PageReader(write()).tags}
    page = write(
        title=HOSTILE,
        labels=[HOSTILE, "b", "c"],
        mistakes=[Mistake(HOSTILE * 30, HOSTILE, HOSTILE, 0.9)],
        attention=AttentionMap([HOSTILE] * 3, np.full((1, 1, 3, 3), 1 / 3), HOSTILE),
        facts={HOSTILE: HOSTILE},
    )
    reader = PageReader(page)
    assert reader.problems == []
    assert {tag for tag, _ in reader.tags} <= harmless
    assert not {n for _, attrs in reader.tags for n in attrs if n.startswith("on")}
    assert "<script>alert('x')</script>" in reader.text
    assert "\x00" not in page


def test_page_is_small_for_a_long_text_and_many_heads(write):
    long = [Mistake('"<&' * 20_000, "tech", "business", 0.5)] * 8
    page = write(
        attention=attention(num_layers=24, num_heads=16, side=128),
        history={"loss": np.random.default_rng(0).random(100_000).tolist()},
        mistakes=long,
    )
    assert len(page.encode()) < 1_000_000


def test_page_with_hundreds_of_classes_lists_mix_ups_instead_of_a_matrix(write):
    truth = np.arange(400)
    scores = classification_scores(truth, np.roll(truth, 1), 400)
    page = write(scores=scores, labels=[f"label {i}" for i in range(400)])
    assert "most frequent mix-ups of 400 classes" in page
    assert PageReader(page).problems == []
    assert len(page.encode()) < 300_000


def test_page_without_history_attention_mistakes_and_facts_is_still_a_page(write):
    page = write(history={}, attention=None, mistakes=[], facts=None)
    reader = PageReader(page)
    assert reader.problems == []
    assert "No loss was recorded." in reader.text
    assert "No text was classified wrongly." in reader.text


def test_an_existing_page_is_kept_unless_overwriting_is_asked_for(tmp_path, results):
    path = write_classification_report(tmp_path / "report.html", **results)
    before = path.read_bytes()
    with pytest.raises(FileError):
        write_classification_report(path, **results)
    assert path.read_bytes() == before


def test_a_wrong_number_of_labels_is_refused(write):
    with pytest.raises(ShapeError, match="Received: 2 names"):
        write(labels=["a", "b"])


def test_chinese_text_is_marked_so_that_browsers_pick_its_glyphs(write):
    page = write(mistakes=[Mistake("骨头", "tech", "business", 0.5)])
    assert '<p class="text" lang="zh" dir="auto">骨头</p>' in page
    page = write(mistakes=[Mistake("骨とカナ", "tech", "business", 0.5)])
    assert 'lang="zh" dir="auto">骨' not in page
