"""What typer's own parser cannot do, done to the arguments before it sees them."""

from collections.abc import Iterable

DEBUG = "--debug"
REPORT = "--report"


def prepared(arguments: Iterable[str]) -> list[str]:
    """Bring `--debug` to the front and give a bare `--report` its empty value.

    `--debug` belongs to the program, but whoever just saw an error appends it to the
    line. `fit`'s `--report [FILE]` may stand without a file, which typer cannot say.
    Nothing behind `--` is touched: those are texts.

    Example: `["fit", "--report", "--debug"]` becomes `["--debug", "fit", "--report="]`.
    """
    arguments = list(arguments)
    end = arguments.index("--") if "--" in arguments else len(arguments)
    options, texts = arguments[:end], arguments[end:]
    kept = [word for word in options if word != DEBUG]
    debug = [DEBUG] if len(kept) < len(options) else []
    if kept[:1] == ["fit"]:
        kept = [
            f"{word}=" if word == REPORT and following.startswith("-") else word
            for word, following in zip(kept, [*kept[1:], "--"], strict=True)
        ]
    return [*debug, *kept, *texts]
