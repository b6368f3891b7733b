"""Trains a small model again and again under kill -9; prints what came of it as JSON.

    python tests/training/killed.py FOLDER KILLS [--streamed]

With --streamed the rows come from a file, whose windows are smaller than it is.
A child is forked for each life: this process has imported all and computed nothing, so
that no thread of the backend is lost by forking. A run that comes to its end must have
the weights, the random states and the record of one that nobody killed.
"""

import hashlib
import json
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

import kewen  # noqa: F401  before Keras, which would else choose the backend

# isort: split
from small import (
    batches_of,
    small_model,
    streamed_batches_of,
    train,
    weights_of,
    write_rows,
)

EPOCHS, LENGTHS = 24, (5,) * 10 + (14,) * 9
STREAMED = "--streamed" in sys.argv


def train_to_the_end(folder: Path, told: int) -> None:
    """One life: go on from the state, and tell the digest of the end."""
    model = small_model(dropout=0.4)
    if STREAMED:
        path = folder.parent / "rows.jsonl"
        batches = streamed_batches_of(path, LENGTHS, batch_size=4, window=8, seed=3)
    else:
        batches = batches_of(LENGTHS, batch_size=4, shuffle=True, seed=3)
    started = []

    def validate():
        if not started:
            started.append(os.write(told, b"training\n"))
        return {"loss": float(abs(weights_of(model)["top/kernel"]).sum())}

    options = {"epochs": EPOCHS, "validate": validate, "checkpoint": folder}
    history = train(model, batches, checkpoint_steps=2, warmup=0.2, **options)
    record = [history.loss, history.best_epoch]
    digest = hashlib.sha256(json.dumps(record).encode())
    for path, value in sorted(weights_of(model).items()):
        digest.update(path.encode() + value.tobytes())
    os.write(told, f"end {digest.hexdigest()}\n".encode())


def live(folder: Path, killed_after_s: float | None) -> tuple[bool, str | None]:
    """Fork a child; whether a kill hit it while it trained, and its digest if none."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        code = 1
        try:
            train_to_the_end(folder, writing)
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    said = b""
    if killed_after_s is not None:
        said = os.read(reading, 100)  # from the first epoch's end on, or its last word
        time.sleep(killed_after_s)
        os.kill(child, signal.SIGKILL)
    while more := os.read(reading, 100):
        said += more
    os.close(reading)
    _, status = os.waitpid(child, 0)
    end = said.decode().partition("end ")[2].strip() or None
    was_killed = os.WIFSIGNALED(status)
    if not was_killed and end is None:
        raise SystemExit(f"a child failed: {status}, {said!r}")
    return was_killed, end


def main() -> None:
    """Kill until there were enough, then compare all runs that ended."""
    folder, kills = Path(sys.argv[1]), int(sys.argv[2])
    chance = random.Random(0)
    write_rows(folder / "rows.jsonl", LENGTHS)
    start = time.monotonic()
    _, wanted = live(folder / "whole", None)
    whole_s = time.monotonic() - start
    state, ends, done = folder / "state", [], 0
    while done < kills:
        was_killed, end = live(state, chance.uniform(0, whole_s / 8))
        done += was_killed
        if end is not None:
            ends.append(end)
            shutil.rmtree(state)
    ends.append(live(state, None)[1])
    print(json.dumps({"kills": done, "ends": len(ends), "same": {*ends} == {wanted}}))


if __name__ == "__main__":
    main()
