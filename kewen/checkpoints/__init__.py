"""Weight files as lazy mappings, and the tables that map them to our variables."""

from kewen.checkpoints.account import (
    Account,
    Misshaped,
    Missing,
    Skipped,
    Used,
    WeightsWarning,
)
from kewen.checkpoints.aligned import aligned
from kewen.checkpoints.checkpoint import Checkpoint, TensorInfo
from kewen.checkpoints.deferred import Deferred, unread
from kewen.checkpoints.digests import Digest, digests
from kewen.checkpoints.gguf_file import GgufFile
from kewen.checkpoints.npz_file import NpzFile
from kewen.checkpoints.opening import open_checkpoint
from kewen.checkpoints.rows import OptionalRow, Row, Skip, Source
from kewen.checkpoints.safetensors_file import SafetensorsFile, write_safetensors
from kewen.checkpoints.sharded import Sharded
from kewen.checkpoints.sharded_writing import SHARD_BYTES, write_sharded
from kewen.checkpoints.tf_bundle import TFBundle
from kewen.checkpoints.tf_bundle_writing import write_tf_bundle
from kewen.checkpoints.torch_file import TorchFile
from kewen.checkpoints.transforms import (
    MERGE_HEADS,
    SPLIT_HEADS,
    TRANSPOSE,
    WITHOUT_FIRST_AXIS,
    Concat,
    Permute,
    Split,
    Transform,
    Unflatten,
)
from kewen.checkpoints.weight_map import Loaded, WeightMap

__all__ = [
    "MERGE_HEADS",
    "SHARD_BYTES",
    "SPLIT_HEADS",
    "TRANSPOSE",
    "WITHOUT_FIRST_AXIS",
    "Account",
    "Checkpoint",
    "Concat",
    "Deferred",
    "Digest",
    "GgufFile",
    "Loaded",
    "Misshaped",
    "Missing",
    "NpzFile",
    "OptionalRow",
    "Permute",
    "Row",
    "SafetensorsFile",
    "Sharded",
    "Skip",
    "Skipped",
    "Source",
    "Split",
    "TFBundle",
    "TensorInfo",
    "TorchFile",
    "Transform",
    "Unflatten",
    "Used",
    "WeightMap",
    "WeightsWarning",
    "aligned",
    "digests",
    "open_checkpoint",
    "unread",
    "write_safetensors",
    "write_sharded",
    "write_tf_bundle",
]
