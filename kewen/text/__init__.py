"""Texts to ids, with offsets into the original, and back."""

from kewen.text.editing import Keep, Sources
from kewen.text.encoded import Encoded
from kewen.text.gguf_tokenizer import tokenizer_of_gguf
from kewen.text.growing import GrowingText, checked_stop
from kewen.text.joining import join_word_pieces
from kewen.text.tokenizer import Tokenizer
from kewen.text.vocabulary import Vocabulary, read_vocabulary

__all__ = [
    "Encoded",
    "GrowingText",
    "Keep",
    "Sources",
    "Tokenizer",
    "Vocabulary",
    "checked_stop",
    "join_word_pieces",
    "read_vocabulary",
    "tokenizer_of_gguf",
]
