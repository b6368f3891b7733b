"""The forward of every encoder that transformers has too, on the CPU.

Weights are random, made by transformers in the sizes of each family's base model but of
six layers, and read from one folder by both; ids and padding are the same, and so are
outputs. transformers runs each family with the attention that it takes by itself.
NEZHA is not among them: transformers has removed it.

`--bfloat16` sets ours in bfloat16 beside ours in float32. `--openvino` sets what our
engine serves beside transformers' own model, converted by OpenVINO and compiled with
the same options, over the same batches in full length.
"""

import os
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.bert_forward import largest_difference, random_inputs
from benchmarks.harness import (
    PLAIN_MALLOC,
    Subject,
    Timing,
    common_arguments,
    measure,
    publish,
    ratio,
    ratio_at_best,
)
from kewen.metrics import text_table

Array = np.ndarray[Any, Any]
Shape = tuple[int, int]
NUM_LAYERS = 6
NUM_BATCHES = 4  # that the OpenVINO engine serves in a call
ALBERT_BASE = {"hidden_size": 768, "num_attention_heads": 12, "intermediate_size": 3072}
DEBERTA_V3 = {
    "relative_attention": True,
    "position_buckets": 256,
    "norm_rel_ebd": "layer_norm",
    "share_att_key": True,
    "pos_att_type": ["p2c", "c2p"],
    "position_biased_input": False,
    **ALBERT_BASE,
    "vocab_size": 128100,
}
T5_BASE = {"d_model": 768, "d_ff": 3072, "num_heads": 12, "num_decoder_layers": 1}
# Name -> model_type, and what its base model has that transformers' default has not.
FAMILIES: dict[str, tuple[str, dict[str, Any]]] = {
    "BERT": ("bert", {}),
    "RoBERTa": ("roberta", {"vocab_size": 50265, "max_position_embeddings": 514}),
    "ALBERT": ("albert", ALBERT_BASE),
    "ELECTRA": ("electra", {**ALBERT_BASE, "embedding_size": 768}),
    "RoFormer": ("roformer", {"vocab_size": 50000}),
    "DistilBERT": ("distilbert", {}),
    "DeBERTa-v3": ("deberta-v2", DEBERTA_V3),
    "ModernBERT": ("modernbert", {}),
    "T5, encoder": ("t5", T5_BASE),
}


def write_random(folder: str, kind: str, sizes: dict[str, Any]) -> None:
    """A model of transformers' as a Hugging Face folder."""
    import torch
    from transformers import AutoConfig, AutoModel

    torch.manual_seed(0)
    layers = {"t5": "num_layers"}.get(kind, "num_hidden_layers")
    config = AutoConfig.for_model(kind, **{layers: NUM_LAYERS, **sizes})
    AutoModel.from_config(config).save_pretrained(folder)


def encoder_of(folder: str, dtype: str = "float32") -> Any:
    """Ours."""
    from kewen.models import load

    backbone = load(folder, dtype=dtype, tokenizer=False).backbone
    return (
        backbone.encoder()
        if "decoder_token_ids" in backbone.inputs_by_name
        else (backbone)
    )


def kewen_compiled(folder: str, shape: Shape, dtype: str) -> Callable[[], Array]:
    """Under `jax.jit`, the weights arguments of the compiled function."""
    import jax
    import jax.numpy as jnp

    model = encoder_of(folder, dtype)
    inputs = random_inputs(shape, model.config.vocabulary_size)
    inputs = {key: jnp.asarray(inputs[key]) for key in model.inputs_by_name}
    trainable = [variable.value for variable in model.trainable_variables]
    fixed = [variable.value for variable in model.non_trainable_variables]

    @jax.jit
    def forward(trainable: Any, fixed: Any, inputs: Any) -> Any:
        found = model.stateless_call(trainable, fixed, inputs, training=False)[0]
        return found.astype("float32")

    return lambda: np.asarray(forward(trainable, fixed, inputs).block_until_ready())


def peer_of(folder: str) -> tuple[Any, list[str]]:
    """transformers' encoder, and the inputs that it takes."""
    import torch
    from transformers import AutoConfig, AutoModel, T5EncoderModel
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    torch.set_num_threads(os.cpu_count() or 1)
    config = AutoConfig.from_pretrained(folder)
    make: Any = T5EncoderModel if config.model_type == "t5" else AutoModel
    names = ["input_ids", "attention_mask"]
    if getattr(config, "type_vocab_size", 0) > 1:
        names.append("token_type_ids")
    return make.from_pretrained(folder, dtype=torch.float32).eval(), names


def for_peer(inputs: dict[str, Array], names: list[str]) -> dict[str, Any]:
    """Our inputs under transformers' names, int64."""
    theirs = {
        "input_ids": inputs["token_ids"],
        "attention_mask": inputs["padding_mask"],
        "token_type_ids": inputs["segment_ids"],
    }
    return {name: theirs[name].astype(np.int64) for name in names}


def transformers_eager(folder: str, shape: Shape) -> Callable[[], Array]:
    """The peer in eval mode, without gradients."""
    import torch

    model, names = peer_of(folder)
    inputs = for_peer(random_inputs(shape, model.config.vocab_size), names)
    batch = {name: torch.from_numpy(each) for name, each in inputs.items()}

    def run() -> Array:
        with torch.no_grad():
            return model(**batch).last_hidden_state.numpy()

    return run


def full_rows(shape: Shape, vocabulary_size: int) -> dict[str, Array]:
    """Some batches of ids without padding, (batches * B, T)."""
    ids = np.random.default_rng(0).integers(
        5, vocabulary_size, (NUM_BATCHES * shape[0], shape[1])
    )
    return {
        "token_ids": ids.astype(np.int32),
        "segment_ids": np.zeros_like(ids, np.int32),
        "padding_mask": np.ones(ids.shape, bool),
    }


def kewen_openvino(folder: str, shape: Shape) -> Callable[[], Array]:
    """What the engine serves; the export is kept in the folder."""
    from kewen.engines.openvino_engine import OpenVinoEngine

    model = encoder_of(folder)
    inputs = full_rows(shape, model.config.vocabulary_size)
    rows = [
        {name: inputs[name][i] for name in model.inputs_by_name}
        for i in range(len(inputs["token_ids"]))
    ]
    engine = OpenVinoEngine(
        model, lambda: rows[:2], pad_id=0, folder=Path(folder), dtype="float32"
    )
    return lambda: engine.predict(rows, batch_size=shape[0], pad_id=0)


def transformers_openvino(folder: str, shape: Shape) -> Callable[[], Array]:
    """The peer converted, in as many streams as our engine's."""
    import openvino
    import torch

    from kewen.engines.openvino_engine import MOST_STREAMS

    model, names = peer_of(folder)
    model.config.return_dict = False
    inputs = for_peer(full_rows(shape, model.config.vocab_size), names)
    example = {name: torch.from_numpy(inputs[name][:2]) for name in names}
    converted: Any = openvino.convert_model(model, example_input=example)
    cores = os.cpu_count() or 1
    compiled = openvino.Core().compile_model(
        converted,
        "CPU",
        {
            "INFERENCE_PRECISION_HINT": "f32",
            "NUM_STREAMS": min(cores, MOST_STREAMS),
            "INFERENCE_NUM_THREADS": cores,
        },
    )
    queue = openvino.AsyncInferQueue(compiled, min(cores, MOST_STREAMS))
    found: dict[int, Array] = {}
    queue.set_callback(
        lambda request, i: found.update({i: request.get_output_tensor(0).data.copy()})
    )
    batches = [
        {name: np.split(inputs[name], NUM_BATCHES)[i] for name in names}
        for i in range(NUM_BATCHES)
    ]

    def run() -> Array:
        for i, batch in enumerate(batches):
            queue.start_async(batch, i)
        queue.wait_all()
        return np.concatenate([found[i] for i in range(NUM_BATCHES)])

    return run


def subjects(mode: str, folder: str, shape: Shape) -> list[Subject]:
    """Ours first."""
    ours = Subject("kewen", kewen_compiled, (folder, shape, "float32"))
    if mode == "bfloat16":
        rough = Subject("kewen", kewen_compiled, (folder, shape, "mixed_bfloat16"))
        return [rough, ours]
    if mode == "openvino":
        return [
            Subject("kewen", kewen_openvino, (folder, shape)),
            Subject(
                "transformers", transformers_openvino, (folder, shape), PLAIN_MALLOC
            ),
        ]
    peer = Subject("transformers", transformers_eager, (folder, shape), PLAIN_MALLOC)
    return [ours, peer]


def row(name: str, mode: str, timings: list[Timing], shape: Shape) -> list[str]:
    """A family's line of the table."""
    ours, peer = timings
    if mode == "openvino":
        texts = NUM_BATCHES * shape[0]
        difference = float(np.abs(ours.answer - peer.answer).max())
    else:
        texts, difference = shape[0], largest_difference([ours], shape, peer)
    return [
        name,
        *(f"{texts / timing.median_s:.1f}" for timing in timings),
        f"{ratio(ours, peer):.2f} x",
        f"{ratio_at_best(ours, peer):.2f} x",
        f"±{100 * max(timing.spread for timing in timings):.1f} %",
        f"{difference:.1e}",
    ]


HEADS = {
    "float32": ("float32", "kewen, texts/s", "transformers'"),
    "bfloat16": ("kewen in bfloat16", "bfloat16, texts/s", "float32"),
    "openvino": ("OpenVINO, float32", "our engine, texts/s", "transformers', exported"),
}


def main() -> None:
    """Measure one shape of all families and publish."""
    parser = common_arguments(__doc__ or "")
    parser.set_defaults(repeats=5, warmup=1)
    parser.add_argument("--shape", default="8x128", help="texts x tokens")
    parser.add_argument("--families", nargs="+", default=list(FAMILIES))
    parser.add_argument(
        "--bfloat16",
        dest="mode",
        action="store_const",
        const=("bfloat16"),
        default="float32",
    )
    parser.add_argument(
        "--openvino", dest="mode", action="store_const", const=("openvino")
    )
    parser.add_argument("--folder", help="where models are kept from call to call")
    options = parser.parse_args()
    count, length = map(int, options.shape.split("x"))
    shape, mode = (count, length), options.mode
    rows = []
    with (
        tempfile.TemporaryDirectory() as temporary,
        ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as apart,
    ):
        for name in options.families:
            kind, sizes = FAMILIES[name]
            folder = Path(options.folder or temporary, kind)
            if not folder.is_dir():
                apart.submit(write_random, str(folder), kind, sizes).result()
            timings = measure(
                subjects(mode, str(folder), shape),
                repeats=options.repeats,
                warmup=options.warmup,
            )
            rows.append(row(name, mode, timings, shape))
            print(*rows[-1], flush=True)
    title, ours, peers = HEADS[mode]
    head = ["family", ours, peers, "ours is", "at best", "spread", "outputs differ"]
    publish(
        "encoder_forward",
        f"Encoders of {NUM_LAYERS} layers, {count} x {length}, {title}",
        text_table(head, rows),
        write=options.write,
        mark=f"encoder_forward_{mode}_{options.shape}",
    )


if __name__ == "__main__":
    main()
