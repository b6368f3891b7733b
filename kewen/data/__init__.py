"""From files of examples to batches: readers, labels, splits, buckets. NumPy only."""

from kewen.data.bad_rows import BadRow, BadRows
from kewen.data.batches import Batch, Batches, BatchSource
from kewen.data.buckets import Buckets
from kewen.data.example import Example
from kewen.data.field_names import field_names
from kewen.data.labels import LabelSet
from kewen.data.padding import pad_rows
from kewen.data.readers import read_examples, read_folder
from kewen.data.split import stratified_split
from kewen.data.streamed_batches import StreamedBatches
from kewen.data.streaming import StreamedExamples, stream_examples

__all__ = [
    "BadRow",
    "BadRows",
    "Batch",
    "BatchSource",
    "Batches",
    "Buckets",
    "Example",
    "LabelSet",
    "StreamedBatches",
    "StreamedExamples",
    "field_names",
    "pad_rows",
    "read_examples",
    "read_folder",
    "stratified_split",
    "stream_examples",
]
