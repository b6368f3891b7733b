"""The rules of ALBERT and DeBERTa-v2 that their SentencePiece files do not hold.

They are those of transformers' tokenizers, with one difference: DeBERTa's texts get the
normal form of the file, as in training; transformers 5 gives them NFC, so that its
full-width letters and punctuation are others.

Source: Lan et al., 2019 (arXiv 1909.11942); He et al., 2020 (arXiv 2006.03654).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tokenizers import Regex, Tokenizer, decoders, normalizers, pre_tokenizers

from kewen.errors import ConfigError


def obey_family(
    tokenizer: Tokenizer,
    name: str,
    normal_form: bytes,
    settings: Mapping[str, Any],
    path: Path,
) -> None:
    """Put in the family's normal form, and its way to cut at spaces.

    Args:
        tokenizer: of the file's pieces.
        name: begins with "albert" or "debertav2".
        normal_form: the table of the file; may be empty.
        settings: tokenizer_config.json: `do_lower_case` (ALBERT: true), `keep_accents`
            (ALBERT: false), `split_by_punct` (DeBERTa: false).
        path: for messages.

    Raises:
        ConfigError: if one of these is neither true nor false.
    """
    albert = name.startswith("albert")
    lowercase = _switch(settings, "do_lower_case", albert, path)
    table = [normalizers.Precompiled(normal_form)] if normal_form else []
    steps: list[normalizers.Normalizer] = []
    cuts: list[pre_tokenizers.PreTokenizer] = []
    if albert:
        steps += [normalizers.Replace(quotes, '"') for quotes in ("``", "''")]
        if not _switch(settings, "keep_accents", False, path):
            steps += [normalizers.NFKD(), normalizers.StripAccents()]
        steps += [normalizers.Lowercase()] if lowercase else []
        steps += table
        cuts.append(pre_tokenizers.WhitespaceSplit())
    else:
        steps += [normalizers.Lowercase()] if lowercase else []
        steps.append(normalizers.Replace(Regex(r"\s{2,}|[\n\r\t]"), " "))
        steps += table or [normalizers.NFC()]
        steps.append(normalizers.Strip(left=False, right=True))
        if _switch(settings, "split_by_punct", False, path):
            cuts.append(pre_tokenizers.Punctuation("isolated"))
    cuts.append(pre_tokenizers.Metaspace())
    tokenizer.normalizer = normalizers.Sequence(steps)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(cuts)
    tokenizer.decoder = decoders.Metaspace()


def _switch(settings: Mapping[str, Any], name: str, default: bool, path: Path) -> bool:
    value = settings.get(name, default)
    if not isinstance(value, bool):
        raise ConfigError(
            f"{name} beside {path} must be true or false. Received: {value!r:.80}."
        )
    return value
