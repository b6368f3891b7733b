"""`kewen predict`: labels for texts, as JSON Lines."""

from pathlib import Path
from typing import Annotated

import typer

from kewen.cli.guard import tell_engine
from kewen.cli.json_lines import json_lines
from kewen.cli.options import (
    BadRow,
    Classifier,
    ComputedIn,
    Encoding,
    Engine,
    OnBadRow,
    Overwrite,
    PairColumn,
    RunBy,
    Source,
    TextColumn,
    Texts,
    TextsATime,
    computing,
)
from kewen.cli.progress import in_chunks
from kewen.cli.surroundings import prepare
from kewen.cli.targets import check_file
from kewen.errors import ConfigError

EXAMPLES = """
kewen predict clf "Shares rose after the merger." "The keeper saved a penalty."
kewen predict clf --input new.tsv --text body --output answers.jsonl
kewen predict clf --input new.tsv --engine openvino --output answers.jsonl
cat texts.txt | kewen predict clf --input - | head
"""


def predict(
    folder: Classifier,
    texts: Texts = None,
    source: Source = None,
    text: TextColumn = "text",
    pair: PairColumn = None,
    output: Annotated[
        Path | None, typer.Option(help="JSON Lines file; stdout without it.")
    ] = None,
    batch_size: TextsATime = 64,
    engine: RunBy = Engine.KERAS,
    dtype: ComputedIn = None,
    on_bad_row: BadRow = OnBadRow.ERROR,
    encoding: Encoding = "utf-8",
    overwrite: Overwrite = False,
) -> None:
    """Label texts with a saved classifier; one JSON object a text."""
    from kewen.cli.texts import examples_from

    if output is not None:
        check_file(output, overwrite)
    examples = examples_from(
        texts or (),
        source,
        text=text,
        pair=pair,
        on_bad_row=on_bad_row.value,
        encoding=encoding,
    )
    prepare()
    from kewen.tasks import TextClassifier, load_task

    policy, engine_dtype = computing(engine, dtype)
    classifier = load_task(
        folder, dtype=policy, engine=engine.value, engine_dtype=engine_dtype
    )
    if not isinstance(classifier, TextClassifier):
        raise ConfigError(
            "kewen predict labels texts with a saved classifier. Received: a writer in "
            f"{folder}. Ask it with: kewen generate."
        )
    with json_lines(output, overwrite=overwrite) as write:
        for chunk in in_chunks(examples, "labelled"):
            answers = classifier.predict(
                [example.text for example in chunk],
                [example.pair or "" for example in chunk] if pair else None,
                batch_size=batch_size,
            )
            for example, answer in zip(chunk, answers, strict=True):
                write(
                    {
                        "text": example.text,
                        **({"pair": example.pair} if pair else {}),
                        "label": answer.label,
                        "probability": answer.probability,
                        "probabilities": dict(answer.probabilities),
                    }
                )
    tell_engine(classifier.engine.report)
