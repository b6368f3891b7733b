"""Where GAU-alpha's weights stand in files: its authors' names, in TensorFlow."""

from kewen.checkpoints import Row, WeightMap
from kewen.models.roformer_v2.weights import WEIGHTS as ROFORMER_V2
from kewen.models.weight_rows import dense

LAYER = "{base}encoder.layer.{i}.gau."
TF_LAYER = "GAU_alpha/encoder/layer_{i}/gau/"

UNIT = [
    *dense("block_{i}_gated_attention/inner", f"{LAYER}i_dense", f"{TF_LAYER}i_dense"),
    *dense("block_{i}_gated_attention/outer", f"{LAYER}o_dense", f"{TF_LAYER}o_dense"),
    *(
        Row(
            f"block_{{i}}_gated_attention/{ours}",
            hf=f"{LAYER}{theirs}.{part}",
            tf=f"{TF_LAYER}{theirs}/{variable}",
        )
        for name, theirs in (("query", "q_scaleoffset"), ("key", "k_scaleoffset"))
        for ours, part, variable in (
            (f"{name}_scale", "weight", "gamma"),
            (f"{name}_offset", "bias", "beta"),
        )
    ),
]
WEIGHTS = WeightMap(
    [
        *UNIT,
        *(row for row in ROFORMER_V2.rows if not row.ours[0].startswith("block_")),
        *ROFORMER_V2.skips,
    ],
    bases={"hf": ("gau_alpha.", "")},
)
