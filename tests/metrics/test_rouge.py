"""ROUGE against figures of the package rouge-score, and BLEU against sacrebleu's own.

The figures are those of rouge_score 0.1.2, RougeScorer(["rouge1", "rouge2", "rougeL"]),
with `words_of` as its tokenizer: without one it drops every Chinese character.
"""

import pytest

from kewen.metrics import bleu, rouge

RECORDED = [
    ("白切鸡很好吃", "白切鸡好吃", 0.909091, 0.666667, 0.909091),
    ("the cat sat on the mat", "The cat, on the mat, sat.", 1.0, 0.6, 0.833333),
    ("今天天气好，天气真好", "今天天气真不错", 0.625, 0.571429, 0.625),
    ("a a a b", "a b a", 0.857143, 0.4, 0.571429),
    ("x", "y", 0.0, 0.0, 0.0),
    ("BERT模型用于中文", "基于BERT的中文模型", 0.8, 0.307692, 0.4),
    ("", "空", 0.0, 0.0, 0.0),
]


@pytest.mark.parametrize(("answer", "reference", "one", "two", "longest"), RECORDED)
def test_rouge_is_that_of_rouge_score(answer, reference, one, two, longest):
    found = rouge([answer], [reference])
    figures = (found.rouge_1, found.rouge_2, found.rouge_l)
    assert figures == pytest.approx((one, two, longest), abs=1e-6)


def test_rouge_of_a_set_is_the_mean_over_its_pairs():
    answers, references, ones, *_ = zip(*RECORDED, strict=True)
    found = rouge(answers, references)
    assert found.rouge_1 == pytest.approx(sum(ones) / len(ones), abs=1e-6)


def test_bleu_counts_characters_where_a_reference_is_chinese():
    assert bleu(["今天天气真好"], ["今天天气真好"]) == pytest.approx(100)
    # By words this would be one wrong word of one: nothing in common.
    assert 40 < bleu(["今天天气真好"], ["今天天气真坏"]) < 90
    # 5 of 6 words, 3 of 5 pairs, 2 of 4 triples, 1 of 3 fours: their geometric mean.
    wanted = 100 * (5 / 6 * 3 / 5 * 2 / 4 * 1 / 3) ** 0.25
    found = bleu(["the cat sat on the mat"], ["the cat sat on a mat"])
    assert found == pytest.approx(wanted)
