"""What every `kewen fit ...` does before, around and after its training."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from kewen.cli.guard import say
from kewen.cli.options import OnBadRow
from kewen.errors import ConfigError, FileError, TrainingError

HELD_OUT = ("dev", "test")


class Savable(Protocol):
    """A task."""

    def save(self, folder: str | Path, overwrite: bool = False) -> None:
        """Write it to a folder."""
        ...


def check_held_out(files: Mapping[str, Path | None], **options: object) -> None:
    """Options that look at held-out texts need some."""
    given = [name for name in options if options[name] is not None]
    if files["dev"] is None and set(given) - {"report"}:
        raise ConfigError(
            "--patience and --monitor compare epochs on held-out texts. Received: no "
            "--dev. Name a file with --dev."
        )
    if given and files["dev"] is None and files["test"] is None:
        raise ConfigError(
            "--report shows the scores of held-out texts. Received: neither --dev nor "
            "--test. Name a file with one of them."
        )


def read_sets(
    files: Mapping[str, Path | None],
    columns: Mapping[str, Mapping[str, Any]],
    stream: bool | None,
    on_bad_row: OnBadRow,
) -> dict[str, Any]:
    """All files at once: a fault of the test file must not wait for the training.

    Args:
        files: train, dev and test, as far as there are any.
        columns: of each, how `read_examples` reads it.
        stream: as `--stream` says.
        on_bad_row: as `--on-bad-row` says.
    """
    from kewen.data import BadRows, read_examples, stream_examples

    sets: dict[str, Any] = {}
    for name, path in files.items():
        if path is None:
            continue
        bad_rows = BadRows()
        options: dict[str, Any] = {"on_bad_row": on_bad_row.value, "bad_rows": bad_rows}
        options |= columns[name]
        if name == "train" and _stays_on_disk(path, stream, options["encoding"]):
            sets[name] = stream_examples(path, **options)
            say(f"{path}: {len(sets[name]):,} examples.")
        else:
            sets[name] = list(read_examples(path, **options))
        if bad_rows.count:
            say(f"{path}: {bad_rows.summary()}")
    return sets


def state_of(out: Path, checkpoint: bool, resume: bool) -> Path | None:
    """The folder of the training's state, emptied if it is to begin anew."""
    from kewen.training import has_state, remove_state

    if not checkpoint:
        return None
    state = out.with_name(f"{out.name}.training")
    if has_state(state):
        if resume:
            say(f"Going on from {state}, the state of a training that was killed.")
        else:
            remove_state(state)
    return state


@contextmanager
def pointing_at(state: Path | None) -> Iterator[None]:
    """A training that fails says where its last state is."""
    from kewen.training import has_state

    try:
        yield
    except TrainingError as error:
        if state is None or not has_state(state):
            raise
        raise TrainingError(
            f"{error} The state before this is in {state}: with it the same command "
            "goes on, most likely to the same end; with other settings begin anew, "
            "with --no-resume."
        ) from error


def saved(task: Savable, out: Path, overwrite: bool, history: Any) -> Path:
    """Save to OUT, or beside it: a training is not lost because OUT came meanwhile."""
    try:
        task.save(out, overwrite=overwrite)
    except FileError as refused:
        spare = out.with_name(f"{out.name}-{secrets.token_hex(4)}")
        try:
            task.save(spare)
        except FileError:
            raise refused from None
        say(f"Warning: {refused} The trained model is in {spare}.")
        out = spare
    say(
        f"Saved {out}: the weights of epoch {history.best_epoch}. {history.shapes} "
        f"batch shapes, {history.padding_share:.0%} padding."
    )
    return out


def _stays_on_disk(path: Path, stream: bool | None, encoding: str) -> bool:
    """Whether the training file is streamed; a user is told what takes long or much."""
    from kewen.data.streaming import STREAM_BYTES, why_not_streamed

    is_large = path.is_file() and path.stat().st_size > STREAM_BYTES
    can = (is_large or stream) and why_not_streamed(path, encoding) is None
    if can and stream is not False:
        say(f"{path} stays on the disk; it is read once to find its rows.")
        return True
    if is_large and stream is None:
        say(
            f"{path} is large and is read into memory: only a plain .tsv or .jsonl can "
            "stay on the disk."
        )
    return bool(stream)  # what cannot be is refused by the reader
