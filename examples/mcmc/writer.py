"""A causal language model as a plain function, and what all examples share."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import kewen
from kewen.decoding.mcmc import Chain, Proposal, by_language_model, by_whole_texts
from kewen.decoding.mcmc.target import Term
from kewen.errors import ConfigError

LEFT_OF_WORDS = "Ġ▁#"  # signs of the beginning or the inside of a word


class Writer:
    """What the examples need of a model.

    Args:
        folder: as `kewen.load` reads it; a decoder with its tokenizer.
        before: names of the tokens that every text comes after, apart by spaces.

    Attributes:
        before: their ids.
        banned: ids that are no letters or characters: signs and special tokens.
    """

    def __init__(self, folder: Path, before: str) -> None:
        pretrained = kewen.load(folder)
        tokenizer = pretrained.tokenizer
        if tokenizer is None or pretrained.model.application != "lm":
            raise ConfigError(
                "The examples need a decoder with its tokenizer. Received: "
                f"application {pretrained.model.application!r}, tokenizer {tokenizer}."
            )
        self.tokenizer = tokenizer
        self._model = pretrained.model
        self._table = pretrained.model.get_layer("token_embedding").weights[0].numpy()
        self.before = self.ids_named(before)
        names = map(self.name, range(len(self._table)))
        plain = [name.lstrip(LEFT_OF_WORDS).isalpha() for name in names]
        self.banned = [number for number, is_plain in enumerate(plain) if not is_plain]

    def name(self, number: int) -> str:
        """A token's name."""
        return self.tokenizer.id_to_token(number) or ""

    def ids_named(self, names: str) -> list[int]:
        """Ids of tokens that are named, apart by spaces."""
        found = [self.tokenizer.token_to_id(name) for name in names.split()]
        known = [number for number in found if number is not None]
        if len(known) < len(found):
            raise ConfigError(
                "--before and --behind must name tokens of the model, apart by spaces. "
                f"Received: {names!r}. Of GPT-2 they are <|endoftext|>."
            )
        return known

    def ids(self, text: str) -> tuple[int, ...]:
        """Ids of a text, without special tokens."""
        return tuple(self.tokenizer.plain_ids(text))

    def logits(self, token_ids, padding_mask):
        """Scores of the next token, (N, L, V): the language model."""
        given = {"token_ids": token_ids, "padding_mask": padding_mask}
        return self._model.predict_on_batch(given)["lm_logits"]

    def vectors(self, token_ids, padding_mask):
        """Means of the tokens' vectors, (N, C): what a text is about."""
        counts = padding_mask.sum(axis=1)[:, None, None]
        return (self._table[token_ids] * padding_mask[:, :, None] / counts).sum(axis=1)

    def whole_texts(self, weight: Term, top_k: int) -> Proposal:
        """CGMH's proposal: the best tokens by what is left, weighed as whole texts."""
        best = by_language_model(self.logits, before=self.before)
        candidates = Proposal(best, top_k=top_k, banned=self.banned)
        whole = by_whole_texts(candidates, weight)
        return Proposal(whole, banned=self.banned, uniform=0.01)

    def left_to_right(self) -> Proposal:
        """Any token by what is left of it: none is beyond reach, or cannot be left."""
        best = by_language_model(self.logits, before=self.before)
        return Proposal(best, banned=self.banned)


def parser(doc: str | None, steps: int) -> argparse.ArgumentParser:
    """Options that all examples have."""
    made = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--model", type=Path, required=True, help="folder of a decoder")
    made.add_argument(
        "--before", default="[CLS]", help="tokens before a text, apart by spaces"
    )
    made.add_argument("--steps", type=int, default=steps)
    made.add_argument("--chains", type=int, default=4)
    made.add_argument("--seed", type=int, default=0)
    made.add_argument("--story", action="store_true", help="every step of one chain")
    return made


def tell(writer: Writer, chains: Sequence[Chain], story: bool) -> None:
    """Print where each chain was best, and where it is now."""
    if story:
        for line in chains[0].story(writer.name):
            print(line)
    for number, chain in enumerate(chains, 1):
        best, now = map(writer.tokenizer.decode, (chain.best.ids, chain.text.ids))
        rate = chain.acceptance_rate
        print(f"{number}: best {best}  now {now}  accepted {rate:.0%} of the steps")
