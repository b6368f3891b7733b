"""RoFormerV2's weights: RoFormer's names, as far as it has them.

bert4keras has no name for the projection before its head, and loses it; a file may
lack it therefore, and what kewen writes has it.
"""

from kewen.checkpoints import TRANSPOSE, OptionalRow, Source, WeightMap
from kewen.models.roformer.weights import ROWS

WEIGHTS = WeightMap(
    [
        *ROWS,
        OptionalRow(
            "output_projection/kernel",
            hf=Source("cls.predictions.output_projection.weight", TRANSPOSE),
            tf="cls/predictions/output_projection/kernel",
        ),
    ],
    bases={"hf": ("roformer.", "")},
)
