"""What the embedding benchmark embeds and compares."""

import numpy as np

from benchmarks.embed_minilm import END_OF_SENTENCE, EXACT, cosines, differences
from benchmarks.harness import Timing


def test_paragraphs_are_split_at_the_ends_of_sentences_only():
    paragraph = 'Shares of A.B. plc rose 2.5%. "We are glad," he said. They fell later!'
    assert END_OF_SENTENCE.split(paragraph) == [
        "Shares of A.B. plc rose 2.5%.",
        '"We are glad," he said.',
        "They fell later!",
    ]


def test_cosines_are_of_each_row_with_its_like():
    left = np.array([[3.0, 0.0], [1.0, 1.0], [0.0, 2.0]])
    right = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, -1.0]])
    np.testing.assert_allclose(cosines(left, right), [1, np.sqrt(0.5), -1])


def test_each_subject_is_compared_with_transformers_in_float32():
    wanted = np.eye(2)
    timings = [
        Timing(name, 1.0, 1.0, [1.0] * 5, 1.0, answer)
        for name, answer in [
            ("openvino", np.array([[1.0, 0.0], [1.0, 1.0]])),
            ("jax", 2 * wanted),
            (EXACT, wanted),
            ("bfloat16", -wanted),
        ]
    ]
    ends = [line.rsplit(" ", 1)[1] for line in differences(timings)]
    assert ends == ["0.707107", "1.000000", "-1.000000"]
