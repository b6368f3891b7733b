"""Tiny models that write, one of each kind, over a vocabulary of letters and "="."""

import itertools

import keras

import kewen
from kewen.models import Backbone
from kewen.models.registry import family
from kewen.text import Tokenizer
from kewen.training import seeded

LETTERS = "abcd="
SIZES = {
    "num_layers": 1,
    "num_heads": 2,
    "hidden_dim": 32,
    "intermediate_dim": 64,
}
# Kind -> family, head, application, and what its config.json says.
KINDS = {
    "decoder": ("gpt2", "language_model", None, {"eos_token_id": 3}),
    "encoder_decoder": (
        "t5",
        "language_model",
        None,
        {"eos_token_id": 3, "decoder_start_token_id": 0},
    ),
    "unilm": ("bert", "masked_lm", "unilm", {}),
}


def letters_tokenizer(folder):
    """Every letter is a token; [CLS] before a text, [SEP] behind it."""
    path = folder / "vocab.txt"
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *LETTERS]
    path.write_text("\n".join(tokens) + "\n", encoding="utf-8")
    return Tokenizer.from_file(path)


def reversals():
    """A task: a word of up to three letters, and the same backwards."""
    from kewen.data import Example

    words = [w for n in (1, 2, 3) for w in itertools.product(LETTERS[:-1], repeat=n)]
    return [Example(" ".join((*w, "=")), pair=" ".join(w[::-1])) for w in words]


def without_dropout(model):
    """Nothing is left to chance from here on."""
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0


def writer_of(kind, tokenizer, *, max_length=None, scale=1.0, dropout=False, **sizes):
    """The same first weights each time, `scale` times the usual ones."""
    name, head, application, said = KINDS[kind]
    of_text = {} if kind == "encoder_decoder" else {"max_length": 32}
    config = family(name).config.from_dict(
        {"vocabulary_size": tokenizer.vocabulary_size, **SIZES, **of_text, **sizes}
    )
    with seeded(0):
        model = Backbone(config, heads=[head], application=application)
    if not dropout:
        without_dropout(model)
    for weight in model.weights:
        if len(weight.shape) > 1:
            weight.assign(keras.ops.convert_to_numpy(weight) * scale)
    pretrained = kewen.Pretrained(model=model, tokenizer=tokenizer, config_json=said)
    return kewen.tasks.Generator(pretrained, max_length=max_length)
