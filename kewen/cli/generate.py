"""`kewen generate`: texts, or ids, that go on with a prompt."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kewen.cli.arrays import read_arrays
from kewen.cli.guard import say
from kewen.cli.options import ComputedIn, Dtype, Folder, Overwrite
from kewen.cli.surroundings import prepare
from kewen.cli.targets import check_file
from kewen.errors import ConfigError, DataError
from kewen.files import atomic_write

if TYPE_CHECKING:
    import numpy as np

    from kewen.tasks.generation_options import GenerationOptions
    from kewen.tasks.id_generation import IdGenerator

EXAMPLES = """
kewen generate DIR --ids in.npz --out out.npz --max-new-tokens 32 --num-beams 4
"""


def generate(
    folder: Folder,
    ids: Annotated[
        Path | None,
        typer.Option(
            help="Arrays token_ids and padding_mask, (B, T), padded left or right."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The .npz to write.")] = None,
    max_new_tokens: Annotated[
        int, typer.Option(min=1, help="At most so many, prompt not counted.")
    ] = 64,
    num_beams: Annotated[int, typer.Option(min=1, help="Beams a prompt.")] = 1,
    length_penalty: Annotated[
        float, typer.Option(help="Scores are divided by length to this power.")
    ] = 1.0,
    no_stop: Annotated[
        bool, typer.Option("--no-stop", help="The end token ends nothing.")
    ] = False,
    application: Annotated[
        str | None, typer.Option(help="lm or unilm, of an encoder.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of what is drawn.")] = 0,
    batch_size: Annotated[int, typer.Option(min=1, help="Prompts at a time.")] = 64,
    dtype: ComputedIn = None,
    overwrite: Overwrite = False,
) -> None:
    """Go on with prompts: greedily, by chance, or with beams."""
    if ids is None or out is None:
        raise ConfigError("--ids and --out go together. Received: one of them.")
    check_file(out, overwrite)
    arrays = read_arrays("--ids", ids)
    prompts = _prompts(arrays)
    prepare()
    import numpy as np

    from kewen.models import load
    from kewen.tasks.generation_options import GenerationOptions
    from kewen.tasks.id_generation import IdGenerator

    policy = "mixed_bfloat16" if dtype is Dtype.BFLOAT16 else dtype and dtype.value
    pretrained = load(folder, dtype=policy, tokenizer=False, application=application)
    options = GenerationOptions.of(
        {
            "max_new_tokens": max_new_tokens,
            "num_beams": num_beams,
            "length_penalty": length_penalty,
            "ignore_end": no_stop,
            "seed": seed,
        }
    )
    found = _generated(IdGenerator(pretrained), prompts, options, batch_size)
    with atomic_write(out, overwrite=overwrite) as file:
        np.savez(file, generated_ids=found["generated_ids"], scores=found["scores"])
    say(f"Wrote generated_ids {found['generated_ids'].shape} and scores to {out}.")


def _generated(
    model: "IdGenerator",
    prompts: list[list[int]],
    options: "GenerationOptions",
    batch_size: int,
) -> "dict[str, np.ndarray]":
    import numpy as np

    ids = np.full((len(prompts), options.max_new_tokens), model.pad_id, "int32")
    scores = np.zeros(len(prompts), "float32")
    for start in range(0, len(prompts), batch_size):
        answers = model(prompts[start : start + batch_size], options)
        for row, texts in enumerate(answers, start):
            text = texts[0]
            ids[row, : len(text.ids)] = text.ids
            scores[row] = text.score
            if options.num_beams == 1:
                scores[row] /= len(text.ids) ** options.length_penalty
    return {"generated_ids": ids, "scores": scores}


def _prompts(arrays: "dict[str, Any]") -> list[list[int]]:
    """The tokens of each row.

    Raises:
        DataError: if an array is missing, or their shapes differ.
    """
    if "token_ids" not in arrays:
        raise DataError(
            "--ids must hold the array token_ids, (B, T), and padding_mask where rows "
            f"are padded. Received: {sorted(arrays)}."
        )
    ids = arrays["token_ids"]
    mask = arrays.get("padding_mask")
    if ids.ndim != 2 or ids.dtype.kind not in "iu":
        raise DataError(
            "token_ids must be whole numbers, (B, T). Received: "
            f"{ids.dtype} {ids.shape}."
        )
    if mask is None:
        return ids.tolist()
    if mask.shape != ids.shape:
        raise DataError(
            "padding_mask must be as large as token_ids. Received: "
            f"{mask.shape} and {ids.shape}."
        )
    return [
        row[seen].tolist() for row, seen in zip(ids, mask.astype(bool), strict=True)
    ]
