"""vocab.json and merges.txt: byte-level BPE, as GPT-2 and RoBERTa come with it.

Every byte of a text has a letter of its own, and merges join them to pieces, the most
frequent ones first; nothing is unknown.

Source: Radford et al., 2019; Sennrich et al., 2016 (arXiv 1508.07909).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tokenizers import (
    AddedToken,
    Tokenizer,
    decoders,
    models,
    pre_tokenizers,
    processors,
)

from kewen.errors import VocabularyError
from kewen.text.special_tokens import SpecialTokens
from kewen.text.text_file import read_json_object, read_utf8
from kewen.text.tokenizer_files import bounded

# Classes of transformers whose files these are, by the beginnings of their names.
# Others (Qwen2, CLIP ...) cut or normalise text in ways that the files do not say.
CLASSES = ("GPT2", "Roberta", "Bart", "Longformer", "LED", "PreTrained", "Tokenizers")
GPT2_END = "<|endoftext|>"
_FEWEST_BYTES = 250  # of the 256 letters; a cut vocabulary may lack impossible bytes


def build_byte_pairs(
    vocabulary_path: Path,
    merges_path: Path,
    settings: Mapping[str, Any],
    added: Mapping[str, Any],
) -> Tokenizer:
    """Assemble the tokenizer.

    If the vocabulary has <s> and </s>, rows are RoBERTa's (<s> A </s> </s> B </s>);
    else GPT-2's, without special tokens.

    Args:
        vocabulary_path: vocab.json, an object of token -> id.
        merges_path: merges.txt, two pieces a line.
        settings: tokenizer_config.json; `add_prefix_space` and `tokenizer_class` count.
        added: added_tokens.json, token -> id.

    Raises:
        NotFoundError: if a file is missing.
        VocabularyError: if a file is broken, the two do not fit, or the rules are those
            of another tokenizer.
    """
    kind = str(settings.get("tokenizer_class") or "")
    if kind and not kind.startswith(CLASSES):
        raise VocabularyError(
            f"vocab.json and merges.txt must be those of GPT-2 or RoBERTa. Received: "
            f"tokenizer_class {kind!r} beside {vocabulary_path}, whose other rules "
            "they do not hold. Save its tokenizer.json with transformers."
        )
    vocabulary = _ids(read_json_object(vocabulary_path), vocabulary_path)
    merges = _merges(merges_path)
    alphabet = set(pre_tokenizers.ByteLevel.alphabet())
    if len(alphabet & vocabulary.keys()) < _FEWEST_BYTES:
        raise VocabularyError(
            f"{vocabulary_path} must be of byte-level BPE: a token for each byte. "
            f"Received: {len(vocabulary)} tokens, with "
            f"{len(alphabet & vocabulary.keys())} of the 256 letters for bytes. "
            "Take the model's tokenizer.json."
        )
    tokenizer = Tokenizer(_model(vocabulary, merges, merges_path))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(
        add_prefix_space=settings.get("add_prefix_space") is True
    )
    tokenizer.decoder = decoders.ByteLevel()
    ids = vocabulary | _ids(added, vocabulary_path)
    special = SpecialTokens.find(ids.get, settings)
    _add(tokenizer, ids, vocabulary, special)
    if special.cls is None or special.sep is None:
        tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    else:
        sep, cls = special.sep, special.cls
        tokenizer.post_processor = processors.RobertaProcessing(
            (sep, ids[sep]),
            (cls, ids[cls]),
            trim_offsets=True,
            add_prefix_space=False,
        )
    return bounded(tokenizer)


def _ids(found: Mapping[str, Any], path: Path) -> dict[str, int]:
    for token, number in found.items():
        if not isinstance(number, int) or isinstance(number, bool) or number < 0:
            raise VocabularyError(
                f"{path} must give each token a whole number, its id. Received: "
                f"{number!r} for {token!r}. Check that the download is complete."
            )
    if not found or len(set(found.values())) == len(found):
        return dict(found)
    raise VocabularyError(
        f"{path} must give each token an id of its own. Received: {len(found)} tokens "
        f"with {len(set(found.values()))} ids. Check that the download is complete."
    )


def _merges(path: Path) -> list[tuple[str, str]]:
    lines = read_utf8(path).split("\n")
    merges: list[tuple[str, str]] = []
    for number, line in enumerate(lines, start=1):
        line = line.removesuffix("\r")
        if not line or (number == 1 and line.startswith("#version")):
            continue
        pair = line.split(" ")
        if len(pair) != 2 or not all(pair):
            raise VocabularyError(
                f"{path} must hold two pieces and a space between them in each line. "
                f"Received: line {number}: {line!r:.80}. Check that the download is "
                "complete."
            )
        merges.append((pair[0], pair[1]))
    return merges


def _model(
    vocabulary: dict[str, int], merges: list[tuple[str, str]], merges_path: Path
) -> models.BPE:
    for number, pair in enumerate(merges):
        lacking = [each for each in (*pair, "".join(pair)) if each not in vocabulary]
        if lacking:
            raise VocabularyError(
                f"{merges_path} must join tokens of the vocab.json beside it. "
                f"Received: merge {number + 1}, {' '.join(pair)!r}, of which the "
                f"vocabulary lacks {lacking}. Take both files from one model."
            )
    return models.BPE(vocabulary, merges)


def _add(
    tokenizer: Any,  # a Tokenizer; the types of its additions are not declared
    ids: Mapping[str, int],
    own: Mapping[str, int],
    special: SpecialTokens,
) -> None:
    """Special tokens are found whole in a text; the mask takes the space before it."""
    apart = {token for _, token in special.named()}
    apart |= ids.keys() & {GPT2_END}
    for token in sorted(apart | (ids.keys() - own.keys()), key=ids.__getitem__):
        is_mask = token == special.mask
        tokenizer.add_tokens(
            [
                AddedToken(
                    token, special=token in apart, normalized=False, lstrip=is_mask
                )
            ]
        )
        got = tokenizer.token_to_id(token)
        if got != ids[token]:
            raise VocabularyError(
                "Added tokens must have the ids behind the vocabulary's, without gaps. "
                f"Received: {ids[token]} for {token!r}, where {got} comes next. "
                "Check added_tokens.json."
            )
