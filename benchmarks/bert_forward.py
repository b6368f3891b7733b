"""BERT-base forward on the CPU: kewen on JAX against transformers on torch.

The weights are random, made here once, written as a Hugging Face folder and read from
it by both, so that the outputs can be compared; the ids are random, and the texts are
between half and full length, as batches are.

All in float32, or with `--bfloat16` both in bfloat16 beside ours in float32: kewen with
the policy mixed_bfloat16, transformers with a model of bfloat16 weights.
"""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import (
    PLAIN_MALLOC,
    Subject,
    Timing,
    common_arguments,
    measure,
    publish,
    speed_table,
)

Array = np.ndarray[Any, Any]
SHAPES = ((8, 128), (1, 32))
LARGE_SHAPE = (32, 64)


def random_inputs(shape: tuple[int, int], vocabulary_size: int) -> dict[str, Array]:
    """Ids, segments and mask, (B, T), the same in every process."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(shape[1] // 2, shape[1] + 1, shape[0])
    lengths[0] = shape[1]
    mask = np.arange(shape[1]) < lengths[:, None]
    ids = rng.integers(5, vocabulary_size, shape)
    return {
        "token_ids": np.where(mask, ids, 0).astype(np.int32),
        "segment_ids": np.zeros(shape, np.int32),
        "padding_mask": mask,
    }


def write_random_bert(folder: str, num_layers: int) -> None:
    """A BERT-base of `num_layers` layers as a Hugging Face folder."""
    import keras

    from kewen.models import Backbone, Pretrained
    from kewen.models.bert import BertConfig

    keras.utils.set_random_seed(0)
    model = Backbone(BertConfig(num_layers=num_layers), heads=["pooler"])
    Pretrained(model=model).save(folder)


def kewen_compiled(
    folder: str, shape: tuple[int, int], dtype: str = "float32"
) -> Callable[[], Array]:
    """The model under `jax.jit`, its weights arguments of the compiled function."""
    import jax
    import jax.numpy as jnp

    from kewen.models import load

    backbone = load(folder, dtype=dtype).backbone
    inputs = random_inputs(shape, backbone.config.vocabulary_size)
    inputs = {key: jnp.asarray(inputs[key]) for key in backbone.inputs_by_name}
    trainable = [variable.value for variable in backbone.trainable_variables]
    fixed = [variable.value for variable in backbone.non_trainable_variables]

    @jax.jit
    def forward(trainable: Any, fixed: Any, inputs: Any) -> Any:
        found = backbone.stateless_call(trainable, fixed, inputs, training=False)[0]
        return found.astype("float32")

    return lambda: np.asarray(forward(trainable, fixed, inputs).block_until_ready())


def kewen_predict(folder: str, shape: tuple[int, int]) -> Callable[[], Array]:
    """The model through Keras' own `predict_on_batch`, with all that it does around."""
    from kewen.models import load

    backbone = load(folder).backbone
    inputs = random_inputs(shape, backbone.config.vocabulary_size)
    inputs = {key: inputs[key] for key in backbone.inputs_by_name}
    return lambda: backbone.predict_on_batch(inputs)


def transformers_bert(
    folder: str, shape: tuple[int, int], dtype: str = "float32", device: str = "cpu"
) -> Callable[[], Array]:
    """The peer, in eval mode, without gradients, with fused attention (sdpa)."""
    import torch
    from transformers import BertModel
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    torch.set_num_threads(os.cpu_count() or 1)
    model = BertModel.from_pretrained(
        folder, attn_implementation="sdpa", dtype=getattr(torch, dtype)
    )
    model = model.to(device).eval()
    inputs = random_inputs(shape, model.config.vocab_size)
    batch = {
        "input_ids": torch.from_numpy(inputs["token_ids"]).long(),
        "token_type_ids": torch.from_numpy(inputs["segment_ids"]).long(),
        "attention_mask": torch.from_numpy(inputs["padding_mask"]).long(),
    }
    batch = {name: each.to(device) for name, each in batch.items()}

    def run() -> Array:
        with torch.no_grad():
            return model(**batch).last_hidden_state.float().cpu().numpy()

    return run


def largest_difference(
    timings: list[Timing], shape: tuple[int, int], exact: Timing
) -> float:
    """Between one output and every other, where tokens are."""
    mask = random_inputs(shape, 6)["padding_mask"]
    wanted = exact.answer[mask]
    return max(float(np.abs(t.answer[mask] - wanted).max()) for t in timings)


def report_bfloat16(
    folder: str, shape: tuple[int, int], repeats: int, warmup: int
) -> str:
    """The same in bfloat16, beside ours in float32."""
    rough, theirs = (folder, shape, "mixed_bfloat16"), (folder, shape, "bfloat16")
    subjects = [
        Subject("kewen, mixed_bfloat16", kewen_compiled, rough),
        Subject("transformers, bfloat16", transformers_bert, theirs, PLAIN_MALLOC),
        Subject("kewen, float32", kewen_compiled, (folder, shape)),
    ]
    timings = measure(subjects, repeats=repeats, warmup=warmup)
    table = speed_table(timings, work=shape[0], unit="texts")
    ours, peers = (
        largest_difference([timing], shape, timings[2]) for timing in timings[:2]
    )
    return (
        f"{shape[0]} x {shape[1]}, largest difference from float32: kewen {ours:.3f}, "
        f"transformers {peers:.3f}\n{table}"
    )


def report(folder: str, shape: tuple[int, int], repeats: int, warmup: int) -> str:
    """Measure one shape; one paragraph of the result."""
    subjects = [
        Subject("kewen, jax.jit", kewen_compiled, (folder, shape)),
        Subject(
            "transformers, torch", transformers_bert, (folder, shape), PLAIN_MALLOC
        ),
        Subject("kewen, predict_on_batch", kewen_predict, (folder, shape)),
    ]
    timings = measure(subjects, repeats=repeats, warmup=warmup)
    table = speed_table(timings, work=shape[0], unit="texts")
    difference = largest_difference(timings[1:], shape, timings[0])
    return f"{shape[0]} x {shape[1]}, outputs differ by {difference:.1e}\n{table}"


def main() -> None:
    """Measure all shapes and publish."""
    parser = common_arguments(__doc__ or "")
    parser.add_argument("--large", action="store_true", help="also 32 x 64")
    parser.add_argument("--num-layers", type=int, default=12)
    parser.add_argument("--bfloat16", action="store_true", help="not float32 alone")
    options = parser.parse_args()
    one = report_bfloat16 if options.bfloat16 else report
    shapes = [*SHAPES, *([LARGE_SHAPE] if options.large else [])]
    with tempfile.TemporaryDirectory() as parent:
        folder = str(Path(parent, "bert"))
        write_random_bert(folder, options.num_layers)
        parts = [one(folder, s, options.repeats, options.warmup) for s in shapes]
    publish(
        "bert_forward",
        f"BERT-base forward, {'bfloat16' if options.bfloat16 else 'float32'}",
        "\n\n".join(parts),
        write=options.write,
        mark="bert_forward_bfloat16" if options.bfloat16 else None,
    )


if __name__ == "__main__":
    main()
