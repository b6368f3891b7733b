"""What typer's own parser cannot do, done to the arguments before it sees them."""

from collections.abc import Iterable

DEBUG = "--debug"
REPORT = "--report"


def prepared(arguments: Iterable[str]) -> list[str]:
    """Bring `--debug` to the front and give a bare `--report` its empty value.

    `--debug` belongs to the program, but whoever just saw an error appends it to the
    line. `--report [FILE]` may stand without a file, which typer has no word for.
    Nothing behind `--` is touched: those are texts.

    Example: `["fit", "--report", "--debug"]` becomes `["--debug", "fit", "--report="]`.
    """
    arguments = list(arguments)
    end = arguments.index("--") if "--" in arguments else len(arguments)
    options, texts = arguments[:end], arguments[end:]
    kept = [word for word in options if word != DEBUG]
    debug = [DEBUG] if len(kept) < len(options) else []
    following = [*kept[1:], "--"]
    valued = [
        f"{word}=" if word == REPORT and next_word.startswith("-") else word
        for word, next_word in zip(kept, following, strict=True)
    ]
    return [*debug, *valued, *texts]
