"""Text that came from outside, made safe to stand in HTML."""

import html
import re

# HTML allows no control characters but white space, and UTF-8 no lone surrogates.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef]")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")
_KANA_OR_HANGUL = re.compile("[\u3040-\u30ff\uac00-\ud7a3]")


def escape(text: str) -> str:
    """A text for an element or a quoted attribute; never markup, always valid."""
    return html.escape(_FORBIDDEN.sub("\ufffd", text), quote=True)


def foreign(text: str, tag: str = "bdi", css: str = "") -> str:
    """An element with a user's text, in its own direction and with its own glyphs.

    Chinese, Japanese and Korean share code points but not glyphs: without `lang` a
    browser may draw Chinese text with Japanese characters.
    """
    chinese = _HAN.search(text) and not _KANA_OR_HANGUL.search(text)
    lang = ' lang="zh"' if chinese else ' lang=""'
    style = f' class="{css}"' if css else ""
    return f'<{tag}{style}{lang} dir="auto">{escape(text)}</{tag}>'


def shortened(text: str, most_chars: int) -> str:
    """The text, or its first `most_chars` characters and an ellipsis."""
    return text if len(text) <= most_chars else text[:most_chars].rstrip() + " …"


def percent(share: float) -> str:
    """A share in [0, 1] as readers write it. Example: 0.9731 is `97.3 %`."""
    return f"{100 * share:.1f} %"
