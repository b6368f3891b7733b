"""Where GPT-2's weights stand in files: GPT's names but for tables and norms."""

from kewen.checkpoints import WeightMap
from kewen.models.gpt.weights import LAYER, TF_LAYER, rows_like_gpt
from kewen.models.weight_rows import dense, norm

WEIGHTS = WeightMap(
    [
        *rows_like_gpt("wte", "wpe"),
        *norm(
            "block_{i}_attention_norm",
            f"{LAYER}ln_1",
            f"{TF_LAYER}attention/input/LayerNorm",
        ),
        *norm(
            "block_{i}_feedforward_norm", f"{LAYER}ln_2", f"{TF_LAYER}input/LayerNorm"
        ),
        *dense("tagger", "classifier"),
        *dense("span", "qa_outputs"),
        *norm("final_norm", "{base}ln_f", "gpt/output/LayerNorm"),
    ],
    bases={"hf": ("transformer.", "")},
)
