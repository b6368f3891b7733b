"""`kewen generate`: texts, or ids, that go on with a prompt."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kewen.cli.arrays import read_arrays
from kewen.cli.guard import say
from kewen.cli.json_lines import json_lines
from kewen.cli.options import (
    AsApplication,
    BadRow,
    ComputedIn,
    Encoding,
    Engine,
    Folder,
    OnBadRow,
    Overwrite,
    Source,
    TextColumn,
    Texts,
    computing,
)
from kewen.cli.surroundings import prepare
from kewen.cli.targets import check_file
from kewen.errors import ConfigError, DataError
from kewen.files import atomic_write

if TYPE_CHECKING:
    import numpy as np

    from kewen.models import Pretrained
    from kewen.tasks.generation_options import GenerationOptions

EXAMPLES = """
kewen generate DIR "今天天气" --top-p 0.9 --max-new-tokens 40
kewen generate DIR "用一句话介绍北京。" --chat
kewen generate DIR --input prompts.jsonl --output answers.jsonl --rows 16
kewen generate DIR "从前有座山，" --draft SMALLER
kewen generate DIR --ids in.npz --out out.npz --max-new-tokens 32 --num-beams 4
"""


def generate(
    folder: Folder,
    texts: Texts = None,
    source: Source = None,
    text: TextColumn = "text",
    output: Annotated[
        Path | None, typer.Option(help="JSON Lines file, of --input; else stdout.")
    ] = None,
    ids: Annotated[
        Path | None,
        typer.Option(
            help="Arrays token_ids and padding_mask, (B, T), padded left or right; "
            "no tokenizer is needed."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The .npz to write, of --ids.")
    ] = None,
    chat: Annotated[
        bool, typer.Option("--chat", help="The texts are what a user says.")
    ] = False,
    max_new_tokens: Annotated[
        int, typer.Option(help="At most so many, prompt not counted.")
    ] = 64,
    min_new_tokens: Annotated[
        int | None, typer.Option(help="No end before so many.")
    ] = None,
    temperature: Annotated[
        float | None, typer.Option(help="Draw tokens; below 1 the likelier ones.")
    ] = None,
    top_k: Annotated[
        int | None, typer.Option(help="Draw among the k likeliest.")
    ] = None,
    top_p: Annotated[
        float | None, typer.Option(help="Draw among the likeliest of this mass.")
    ] = None,
    min_p: Annotated[
        float | None, typer.Option(help="Draw among those this near to the likeliest.")
    ] = None,
    typical_p: Annotated[
        float | None, typer.Option(help="Draw among the most typical of this mass.")
    ] = None,
    penalty_alpha: Annotated[
        float | None,
        typer.Option(help="Contrastive search among the --top-k likeliest."),
    ] = None,
    repetition_penalty: Annotated[
        float | None, typer.Option(help="Above 1: what came is less likely.")
    ] = None,
    no_repeat_ngram_size: Annotated[
        int | None, typer.Option(help="No n-gram of so many tokens comes twice.")
    ] = None,
    num_beams: Annotated[int, typer.Option(help="Beams a prompt.")] = 1,
    length_penalty: Annotated[
        float, typer.Option(help="Scores are divided by length to this power.")
    ] = 1.0,
    coverage_penalty: Annotated[
        float,
        typer.Option(help="Of encoder-decoders' beams: what they leave out costs."),
    ] = 0.0,
    stop: Annotated[
        list[str] | None, typer.Option(help="The text ends before it; may be repeated.")
    ] = None,
    regex: Annotated[
        str | None, typer.Option(help="A pattern that the text matches as a whole.")
    ] = None,
    json_schema: Annotated[
        Path | None, typer.Option(help="File of a JSON schema; the text is such JSON.")
    ] = None,
    int8: Annotated[
        bool,
        typer.Option("--int8", help="A byte a weight: less memory, more tokens/s."),
    ] = False,
    draft: Annotated[
        str | None,
        typer.Option(help="A smaller model of the same ids that guesses: folder, id."),
    ] = None,
    num_guesses: Annotated[
        int | None,
        typer.Option(help="Tokens guessed at a time; without --draft, looked up."),
    ] = None,
    no_stop: Annotated[
        bool, typer.Option("--no-stop", help="The end token ends nothing.")
    ] = False,
    application: AsApplication = None,
    rows: Annotated[int, typer.Option(min=1, help="Prompts at a time.")] = 16,
    seed: Annotated[int, typer.Option(help="Of what is drawn.")] = 0,
    dtype: ComputedIn = None,
    on_bad_row: BadRow = OnBadRow.ERROR,
    encoding: Encoding = "utf-8",
    overwrite: Overwrite = False,
) -> None:
    """Go on with prompts: greedily, by chance, with beams, or by contrastive search.

    One text on the command line is answered as it comes, token by token.
    """
    sources = [bool(texts), source is not None, ids is not None]
    if sum(sources) != 1 or (ids is None) != (out is None):
        raise ConfigError(
            "Prompts come from the command line, from --input FILE, or from --ids "
            "FILE --out FILE, one of the three. Received: "
            f"{'none of them' if not any(sources) else 'a mixture of them'}."
        )
    of_texts = {
        "--stop": stop,
        "--regex": regex,
        "--json-schema": json_schema,
        "--chat": chat,
        "--output": output,
        "--on-bad-row": on_bad_row != OnBadRow.ERROR,
        "--encoding": encoding != "utf-8",
    }
    useless = [name for name, value in of_texts.items() if value]
    if ids is not None and useless:
        raise ConfigError(
            f"--ids works on token ids alone. Received: {', '.join(useless)}, which "
            "are about texts. Leave them out, or give texts."
        )
    for path in (output, out):
        if path is not None:
            check_file(path, overwrite)
    arrays = None if ids is None else read_arrays("--ids", ids)
    prompts = [] if arrays is None else _prompts(arrays)
    prepare()
    from kewen.models import load
    from kewen.models.config import load_json

    policy, _ = computing(Engine.KERAS, dtype)
    options: dict[str, Any] = {
        "max_new_tokens": max_new_tokens,
        "min_new_tokens": min_new_tokens,
        "temperature": temperature,
        "top_k": top_k,
        "top_p": top_p,
        "min_p": min_p,
        "typical_p": typical_p,
        "penalty_alpha": penalty_alpha,
        "repetition_penalty": repetition_penalty,
        "no_repeat_ngram_size": no_repeat_ngram_size,
        "num_beams": num_beams,
        "num_guesses": num_guesses,
        "length_penalty": length_penalty,
        "coverage_penalty": coverage_penalty,
        "ignore_end": no_stop,
        "seed": seed,
    }
    from kewen.tasks.generation_options import GenerationOptions

    chosen = GenerationOptions.of(options)
    from kewen.cli.texts import examples_from

    examples = []
    if ids is None:
        examples = examples_from(
            texts or (),
            source,
            text=text,
            on_bad_row=on_bad_row.value,
            encoding=encoding,
        )
    models = [
        load(
            each,
            dtype=policy,
            tokenizer=ids is None,
            application=application and application.value,
        )
        for each in (folder, draft)
        if each is not None
    ]
    for each in models:
        if int8:
            each.model.quantize("int8")
    if out is not None:
        _write_ids(models, prompts, chosen, out, rows, overwrite)
        return
    given = [each.text for each in examples]
    options |= {"stop": tuple(stop or ()), "regex": regex}
    if json_schema is not None:
        options["json_schema"] = load_json(json_schema)
    stream = source is None and output is None and len(given) == 1
    _write_texts(models, given, output, chat, options, rows, overwrite, stream)


def _write_texts(
    models: "list[Pretrained]",
    texts: list[str],
    output: Path | None,
    chat: bool,
    options: dict[str, Any],
    rows: int,
    overwrite: bool,
    stream: bool,
) -> None:
    from kewen.tasks import Generator

    writer = Generator(models[0], draft=models[1] if models[1:] else None)
    prompts: list[Any] = [
        [{"role": "user", "content": each}] if chat else each for each in texts
    ]
    if stream and options["num_beams"] == 1:
        for piece in writer.stream(prompts[0], **options):
            sys.stdout.write(piece)
            sys.stdout.flush()
        sys.stdout.write("\n")
        return
    ready: dict[int, Any] = {}
    with json_lines(output, overwrite=overwrite) as write:
        written = 0
        for number, found in writer.many(prompts, rows=rows, **options):
            ready[number] = found
            while written in ready:  # in the order of the prompts
                each = ready.pop(written)
                write(
                    {
                        "text": texts[written],
                        "generated": each.text,
                        "score": each.score,
                        "finish": each.finish,
                    }
                )
                written += 1


def _write_ids(
    models: "list[Pretrained]",
    prompts: list[list[int]],
    options: "GenerationOptions",
    out: Path,
    rows: int,
    overwrite: bool,
) -> None:
    import numpy as np

    from kewen.tasks.id_generation import IdGenerator

    model = IdGenerator(*models)
    ids = np.full((len(prompts), options.max_new_tokens), model.pad_id, "int32")
    scores = np.zeros(len(prompts), "float32")
    for row, text in model.many(prompts, options, rows):
        ids[row, : len(text.ids)] = text.ids
        scores[row] = text.score
        if options.num_beams == 1:
            scores[row] /= len(text.ids) ** options.length_penalty
    with atomic_write(out, overwrite=overwrite) as file:
        np.savez(file, generated_ids=ids, scores=scores)
    say(f"Wrote generated_ids {ids.shape} and scores to {out}.")


def _prompts(arrays: "dict[str, np.ndarray]") -> list[list[int]]:
    """The tokens of each row.

    Raises:
        DataError: if an array is missing, or their shapes differ, or the mask is none.
    """
    import numpy as np

    if "token_ids" not in arrays:
        raise DataError(
            "--ids must hold the array token_ids, (B, T), and padding_mask where rows "
            f"are padded. Received: {sorted(arrays)}."
        )
    ids = arrays["token_ids"]
    if ids.ndim != 2 or ids.dtype.kind not in "iu":
        raise DataError(
            "token_ids must be whole numbers, (B, T). Received: "
            f"{ids.dtype} {ids.shape}."
        )
    mask = arrays.get("padding_mask")
    if mask is None and any("mask" in name for name in arrays):
        raise DataError(
            "The mask of --ids must be named padding_mask. Received: "
            f"{sorted(arrays)}. Rename it, or leave it out."
        )
    if mask is None:
        return ids.tolist()
    if mask.shape != ids.shape:
        raise DataError(
            "padding_mask must be as large as token_ids. Received: "
            f"{mask.shape} and {ids.shape}."
        )
    if not np.isin(mask, (0, 1)).all():
        raise DataError(
            "padding_mask must be 1 or True where a token is, 0 or False elsewhere. "
            f"Received: {mask[~np.isin(mask, (0, 1))][0]}."
        )
    pairs = zip(ids, mask.astype(bool), strict=True)
    return [row[seen].tolist() for row, seen in pairs]
