"""What int8 costs: the perplexity of Gemma 3 270M on the project's own pages.

The texts are read token by token, with a cache, as in generation: there a row meets the
int8 kernels with 15 bits. "at once" is the plain forward of the whole text, where Keras
rounds rows to 8 bits. The file is that of `benchmarks.gguf_load`.
"""

import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gguf_load import fetch
from benchmarks.harness import ROOT, common_arguments, publish
from kewen.metrics import text_table

PAGES = ("docs/tour.md", "docs/tour.zh.md")
TOKENS = 512  # of each


def losses_step_by_step(model: Any, ids: np.ndarray) -> np.ndarray:
    """-log p of each token after the first: a row a text, token by token."""
    import jax
    import jax.numpy as jnp
    import keras

    from kewen.models import decoding_step

    step = decoding_step(model)
    variables = step.variables()
    mask = np.ones_like(ids[:, :1], bool)

    @jax.jit
    def read(values: Any, ids: Any) -> Any:
        with keras.StatelessScope(list(zip(variables, values, strict=True))):
            prompt = {"token_ids": ids[:, :1], "padding_mask": jnp.asarray(mask)}
            scores, state = step.begin(prompt, ids.shape[1])

            def next_(carry: Any, following: Any) -> Any:
                scores, state = carry
                law = jax.nn.log_softmax(scores.astype("float32"))
                loss = -jnp.take_along_axis(law, following[:, None], axis=1)[:, 0]
                return step(following, state), loss

            return jax.lax.scan(next_, (scores, state), ids[:, 1:].T)[1]

    return np.asarray(read([each.value for each in variables], jnp.asarray(ids)))


def losses_at_once(model: Any, ids: np.ndarray) -> np.ndarray:
    """The same by a forward of the whole texts."""
    import jax

    given = {"token_ids": ids, "padding_mask": np.ones_like(ids, bool)}
    inputs = {name: given[name] for name in model.inputs_by_name}
    scores = model.predict_on_batch(inputs)["lm_logits"][:, :-1]
    law = np.asarray(jax.nn.log_softmax(scores.astype("float32")))
    return -np.take_along_axis(law, ids[:, 1:, None], axis=2)[:, :, 0].T


def report(path: Path) -> str:
    """Perplexities of float32 and int8."""
    from kewen.models import load

    pretrained = load(path)
    tokenizer, model = pretrained.tokenizer, pretrained.model
    texts = [(ROOT / page).read_text(encoding="utf-8") for page in PAGES]
    ids = np.stack([tokenizer(text)["token_ids"][:TOKENS] for text in texts])
    found = {"float32": losses_step_by_step(model, ids)}
    model.quantize("int8")
    found["int8"] = losses_step_by_step(model, ids)
    found["int8, at once"] = losses_at_once(model, ids)
    exact = [math.exp(each) for each in found["float32"].mean(axis=0)]
    rows = []
    for name, losses in found.items():
        ours = [math.exp(each) for each in losses.mean(axis=0)]
        changes = [f"{a / b - 1:+.2%}" for a, b in zip(ours, exact, strict=True)]
        rows.append([name, *(f"{each:.3f}" for each in ours), *changes])
    head = ["dtype", *PAGES, *(f"change, {page}" for page in PAGES)]
    return text_table(head, rows)


def main() -> None:
    """Measure and publish."""
    parser = common_arguments(__doc__ or "")
    parser.add_argument("--file", help="a .gguf file of Gemma 3 270M; else fetched")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as parent:
        path = Path(options.file).absolute() if options.file else fetch(Path(parent))
        body = report(path)
    title = f"Perplexity in int8, Gemma 3 270M, {TOKENS} tokens of each page"
    publish("int8_perplexity", title, body, write=options.write)


if __name__ == "__main__":
    main()
