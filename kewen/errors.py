"""Every error that kewen raises on purpose.

A message says what was expected, what came, and what to do; it fits one paragraph,
because the command line prints exactly that paragraph. Each kind also is the builtin
that a caller would guess, so `except ValueError` keeps working.
"""


def installing(extra: str | None) -> str:
    """What a message says of installing an extra, or kewen alone if None.

    As the README has it: from a clone, since kewen need not be on any index.
    """
    what = f".[{extra}]" if extra else "."
    return f'in a clone of kewen: pip install "{what}"'


class KewenError(Exception):
    """What kewen raises when input, files or surroundings are not as they must be."""


class ShapeError(KewenError, ValueError):
    """Arrays whose shapes do not fit together."""


class ConfigError(KewenError, ValueError):
    """A config file, option or argument with a value that cannot be."""


class VocabularyError(KewenError, ValueError):
    """A vocabulary or tokenizer file that is ambiguous, broken or too short."""


class CheckpointError(KewenError, ValueError):
    """A weight file that is truncated, corrupt, hostile or of an unknown kind."""


class WeightsError(KewenError, ValueError):
    """A weight file that is sound but does not fit the model, tensor by tensor."""


class DataError(KewenError, ValueError):
    """Examples that cannot be read or cannot be learned from."""


class NotFittedError(KewenError, ValueError, AttributeError):
    """An estimator that is asked for what only `fit` gives, before it was fitted."""


class TrainingError(KewenError, RuntimeError):
    """A training run that cannot go on, such as one whose loss is not a number."""


class EngineError(KewenError, RuntimeError):
    """An engine that cannot run a model, or does not answer as the model does."""


class WorkerError(KewenError, RuntimeError):
    """A function that failed on one item of many, or a worker process that died."""


class FileError(KewenError, OSError):
    """A file that cannot be written, or must not be overwritten."""


class NotFoundError(KewenError, FileNotFoundError):
    """A file, folder or hub id that is not there."""


class MissingExtraError(KewenError, ImportError):
    """A feature whose optional dependency is not installed."""
