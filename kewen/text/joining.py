"""Word pieces back to readable text: where a space belongs, and where none does.

What tokenizing dropped (case, accents, the spaces that were) cannot come back; to show
a piece of the *original* text, use the offsets.
"""

import re
import unicodedata
from collections.abc import Iterable

from kewen.text.word_pieces import PREFIX

_CLOSING = set(",.!?;:%)]}")  # stand close to what is before them
_OPENING = set("([{")  # stand close to what is behind them
_BINDING = set("-_/+=~^@#&*\\|'")  # stand close on both sides, as in well-known, a_b

# Ideographs and their iteration mark, kana, and the marks that are as wide as those:
# scripts written without spaces. Hangul is written with spaces.
_SPACELESS = re.compile(
    r"[\u2E80-\u2FDF\u3000-\u30FF\u31F0-\u31FF\u3400-\u4DBF\u4E00-\u9FFF\uF900-\uFAFF"
    r"\uFE30-\uFE4F\uFF01-\uFF65\U00020000-\U0003FFFF“”‘’…—·]"
)


def join_word_pieces(tokens: Iterable[str]) -> str:
    """Join tokens to text: `##` goes on with a word, Chinese stands without spaces.

    Example: `["今", "天", "play", "##ing", "2", ".", "5"]` gives "今天playing 2.5".
    """
    text = ""
    quotes = 0  # straight double quotes so far: an odd one opens, an even one closes
    for token in tokens:
        if token.startswith(PREFIX) and len(token) > len(PREFIX):
            text += token.removeprefix(PREFIX)
            continue
        quotes += token == '"'
        text += token if not text or _close(text, token, quotes) else f" {token}"
    return text


def _close(text: str, token: str, quotes: int) -> bool:
    """Whether no space stands between the text so far and the next token."""
    before, after = text[-1], token[0]
    if _SPACELESS.match(before) or _SPACELESS.match(after):
        return True
    if _is_emoji(before) and _is_emoji(after):
        return True
    if token == '"':
        return quotes % 2 == 0
    if before == '"':
        return quotes % 2 == 1
    if before == "." and after.isdigit():
        return text[-2:-1].isdigit()  # a number, not the next sentence
    if before in "$€£¥" and after.isdigit():
        return True
    return after in _CLOSING | _BINDING or before in _OPENING | _BINDING


def _is_emoji(char: str) -> bool:
    return unicodedata.category(char) == "So" and char >= "\U0001f000"
