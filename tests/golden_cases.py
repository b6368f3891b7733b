"""The recorded inputs and outputs of other implementations, and how to compare."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

GOLDEN = Path(__file__).parent / "golden"
_INPUTS = {
    "input_ids": "token_ids",
    "token_type_ids": "segment_ids",
    "attention_mask": "padding_mask",
    "decoder_input_ids": "decoder_token_ids",
    "decoder_attention_mask": "decoder_padding_mask",
    "encoder_token_ids": "token_ids",
}
# bert4keras records these after softmax.
_PROBABILITIES = (
    "output_mlm",
    "output_nsp",
    "output_lm",
)
_SIGMOIDS = ("output_discriminator",)  # and these after sigmoid


@dataclass(frozen=True)
class Pass:
    """One recorded run: a case and, in transformers' files, one of its batches."""

    world: str
    case: str
    prefix: str = ""  # "left_": the left-padded batch

    def __str__(self):
        return f"{self.case}-{self.prefix}" if self.prefix else self.case

    @property
    def folder(self):
        return GOLDEN / self.world / self.case

    @property
    def about(self):
        return json.loads((self.folder / "case.json").read_text("utf-8"))

    @property
    def bert4keras_options(self):
        """What the original was built with, in the words of `trace`."""
        if self.world != "bert4keras":
            return {}
        about = self.about
        return {
            "family": about["model"],
            "application": about["application"],
            "options": about["kwargs"],
        }

    def arrays(self, kind):
        """Arrays named `kind_...` of this pass, without its prefix."""
        other = "left_" if not self.prefix else None
        with np.load(self.folder / "expected.npz") as file:
            names = [name for name in file.files if name.startswith(f"{kind}_")]
            own = [
                name
                for name in names
                if name.startswith(f"{kind}_{self.prefix}")
                and not (other and name.startswith(f"{kind}_{other}"))
            ]
            return {name.replace(self.prefix, "", 1): file[name] for name in own}

    @property
    def inputs(self):
        """By our names, and what bert4keras' checkpoints cannot hold."""
        given = {
            name.removeprefix("input_"): a for name, a in self.arrays("input").items()
        }
        given |= self.arrays("weight")
        return {_INPUTS.get(name, name): array for name, array in given.items()}

    @property
    def expected(self):
        return self.arrays("hidden") | self.arrays("output")

    @property
    def is_token(self):
        """bool, (B, T): where a comparison means anything."""
        return self.is_token_of("")

    def is_token_of(self, side):
        """The same for "decoder_", whose T is another."""
        inputs = self.inputs
        if f"{side}padding_mask" in inputs:
            return inputs[f"{side}padding_mask"].astype(bool)
        seen = inputs[f"{side}token_ids"] != 0
        seen[:, 0] = True  # bert4keras never masks the first column
        return seen

    def at_tokens(self, name, array):
        """An array (B, T, ...) at its tokens; others as they are."""
        both = "decoder_token_ids" in self.inputs
        side = "decoder_" if both and "encoder" not in name else ""
        is_token = self.is_token_of(side)
        by_token = array.ndim >= 2 and array.shape[:2] == is_token.shape
        return array[is_token] if by_token else array

    def comparable(self, name, array):
        """An array at its tokens, as the original records it."""
        if self.world == "bert4keras" and name in _PROBABILITIES:
            powers = np.exp(array - array.max(-1, keepdims=True))
            array = powers / powers.sum(-1, keepdims=True)
        if self.world == "bert4keras" and name in _SIGMOIDS:
            array = 1 / (1 + np.exp(-array))
        return self.at_tokens(name, array)

    def tolerance(self, name):
        small = self.world == "bert4keras" and name in (*_PROBABILITIES, *_SIGMOIDS)
        return 1e-5 if small else 1e-4


BERT_FILES = ["bert_bin_gamma_beta", "bert_bin_legacy", "bert_bin_zip", "bert_sharded"]
ENCODER_DECODERS = ["bart_calm", "mt5", "t5"]
# Weights so large that another order of sums moves a logit by 0.1 in the original too:
# in float64, transformers itself is 0.14 away from what it gave in float32.
RESTLESS = ["bart"]
ENCODER_DECODERS_OF_BERT4KERAS = [
    "mt5.1.1",
    "t5.1.0",
    "t5.1.0_no_cross_bias",
    "t5.1.1",
]
ENCODERS = [
    "albert_mlm",
    "deberta_v2_mlm",
    "distilbert_mlm",
    "electra_mlm",
    "electra_pretraining",
    "modernbert_mlm",
    "roformer_mlm",
]
DECODERS = [
    "gemma3_text",
    "gpt2",
    "llama_gqa_llama3",
    "mistral_sliding",
    "openai_gpt",
    "qwen2",
    "qwen2_bf16",
    "qwen3",
]
PASSES = [
    Pass("huggingface", "albert_mlm"),
    *(Pass("huggingface", case) for case in BERT_FILES),
    Pass("huggingface", "bert_mlm"),
    Pass("huggingface", "bert_mlm", "left_"),
    Pass("huggingface", "bert_model"),
    Pass("huggingface", "bert_model", "left_"),
    Pass("huggingface", "bert_sequence_classification"),
    Pass("huggingface", "deberta_v2_mlm"),
    Pass("huggingface", "distilbert_mlm"),
    Pass("huggingface", "distilbert_mlm", "left_"),
    Pass("huggingface", "electra_mlm"),
    Pass("huggingface", "electra_pretraining"),
    Pass("huggingface", "modernbert_mlm"),
    Pass("huggingface", "roberta_mlm"),
    Pass("huggingface", "roberta_mlm", "left_"),
    Pass("huggingface", "roformer_mlm"),
    Pass("huggingface", "roformer_mlm", "left_"),
    Pass("huggingface", "xlm_roberta_mlm"),
    *(Pass("huggingface", case, side) for case in DECODERS for side in ("", "left_")),
    *(Pass("huggingface", case) for case in ENCODER_DECODERS),
    Pass("bert4keras", "albert"),
    Pass("bert4keras", "albert_unshared"),
    Pass("bert4keras", "bert_compound_tokens"),
    Pass("bert4keras", "bert_custom_position"),
    Pass("bert4keras", "bert_encoder"),
    Pass("bert4keras", "bert_hierarchical"),
    Pass("bert4keras", "bert_keep_tokens"),
    Pass("bert4keras", "gpt2"),
    Pass("bert4keras", "gpt2_ml"),
    Pass("bert4keras", "gpt_shared_segment"),
    Pass("bert4keras", "bert_layer_norm_cond"),
    Pass("bert4keras", "bert_residual_attention"),
    Pass("bert4keras", "bert_plain"),
    Pass("bert4keras", "bert_left_padding"),
    Pass("bert4keras", "bert_lm"),
    Pass("bert4keras", "bert_unilm"),
    Pass("bert4keras", "electra_discriminator"),
    Pass("bert4keras", "nezha"),
    Pass("bert4keras", "roformer"),
    Pass("bert4keras", "roformer_v2"),
    *(Pass("bert4keras", case) for case in ENCODER_DECODERS_OF_BERT4KERAS),
]
