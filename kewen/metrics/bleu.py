"""BLEU, by sacrebleu (extra `bleu`), whose figures can be compared across papers."""

from collections.abc import Sequence

from kewen.errors import MissingExtraError
from kewen.metrics.rouge import is_chinese


def check_bleu() -> None:
    """Whether there is a sacrebleu, before anything long begins.

    Raises:
        MissingExtraError: if it is not installed.
    """
    try:
        import sacrebleu  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(
            "BLEU needs sacrebleu. Received: it is not installed. Run: "
            "pip install 'kewen[bleu]', or leave BLEU out."
        ) from error


def bleu(answers: Sequence[str], references: Sequence[str]) -> float:
    """Corpus BLEU from 0 to 100 of N answers, each with one reference.

    Chinese references are cut by sacrebleu's "zh" (characters), others by its "13a".

    Raises:
        MissingExtraError: if sacrebleu is not installed.

    Source: Post, 2018 (arXiv 1804.08771).
    """
    check_bleu()
    import sacrebleu

    way = "zh" if any(map(is_chinese, references)) else "13a"
    return sacrebleu.corpus_bleu(list(answers), [list(references)], tokenize=way).score
