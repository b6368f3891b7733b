"""Small sound tokenizer files, to be spoiled."""

import json

import numpy as np


def byte_pairs() -> dict[str, bytes]:
    """A small vocab.json with its merges.txt, of RoBERTa's kind."""
    from tokenizers import pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = ["<s>", "<pad>", "</s>", "<unk>", *alphabet, "he", "ll", "hell", "<mask>"]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    return {
        "vocab.json": json.dumps(vocabulary).encode(),
        "merges.txt": b"#version: 0.2\nh e\nl l\nhe ll\n",
        "added_tokens.json": json.dumps({"<new>": len(tokens)}).encode(),
        "tokenizer_config.json": b'{"tokenizer_class": "RobertaTokenizer"}',
    }


def sentence_piece(algorithm: int) -> bytes:
    """A small SentencePiece model, field by field; no trainer is needed."""

    def message(number: int, content: bytes) -> bytes:
        return bytes([number << 3 | 2, len(content)]) + content

    def piece(text: str, type: int) -> bytes:
        score = np.float32(-len(text)).tobytes()
        content = message(1, text.encode()) + b"\x15" + score
        return message(1, content + bytes([3 << 3, type]))

    special = piece("<unk>", 2) + piece("<s>", 3) + piece("</s>", 3)
    words = ["▁", "今", "天", "今天", "▁今天", "气", "h", "e", "he", "▁he", "b", "bb"]
    pieces = b"".join(piece(word, 1) for word in words)
    return special + pieces + message(2, bytes([3 << 3, algorithm]))
