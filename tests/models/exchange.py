"""Files that travel between backends: `python tests/models/exchange.py write|read DIR`.

`write` saves every family and every layer of the contracts as `.keras` files, on the
backend at hand, with inputs and outputs beside them. `read` opens all files in DIR,
whatever backend wrote them, and compares the outputs; it fails if any differ. Both run
in environments of their own, since few have all three backends.
"""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "contracts"))

import kewen  # chooses the backend, before Keras is imported

import keras  # isort: skip
import numpy as np
from subjects import FAMILIES, LAYERS, inputs_of

from kewen.models import family

LIMIT = 5e-5  # of a difference between two backends, as a share of large numbers


def flat(outputs):
    """Arrays by number, of a model's output of any structure."""
    leaves = keras.tree.flatten(outputs)
    return {f"output_{i}": np.asarray(leaf) for i, leaf in enumerate(leaves)}


def layer_models():
    """A model around each layer that has arrays for inputs."""
    for number, row in enumerate(LAYERS):
        arrays = [*row.inputs, *row.named.values()]
        if any(isinstance(array, tuple) for array in arrays):
            continue
        keras.utils.set_random_seed(0)
        symbols = [keras.Input(a.shape[1:], dtype=str(a.dtype)) for a in arrays]
        count = len(row.inputs)
        named = dict(zip(row.named, symbols[count:], strict=True))
        output = row.make(**row.options)(*symbols[:count], **named)
        yield f"layer_{number:02}_{row}", keras.Model(symbols, output), arrays


def family_models():
    """Each family with all its heads, and as a language model."""
    for number, row in enumerate(FAMILIES):
        own, *others = family(row.name).applications
        for application in (own, *({"lm"} & set(others))):
            model = row.made(
                heads=tuple(family(row.name).heads), application=application
            )
            name = f"family_{number:02}_{row.name}_{application}"
            yield name, model, inputs_of(model)


def write(folder: Path) -> None:
    """Save all, under the name of this backend."""
    mine = folder / keras.backend.backend()
    mine.mkdir(parents=True)
    for name, model, inputs in [*layer_models(), *family_models()]:
        given = inputs if isinstance(inputs, dict) else dict(enumerate(inputs))
        arrays = {f"input_{key}": value for key, value in given.items()}
        model.save(mine / f"{name}.keras")
        np.savez(mine / f"{name}.npz", **arrays, **flat(model.predict_on_batch(inputs)))


def read(folder: Path) -> float:
    """Open all, and compare; the largest difference."""
    files = sorted(folder.glob("*/*.keras"))
    assert files, f"no files below {folder}"
    largest = 0.0
    for path in files:
        with np.load(path.with_suffix(".npz")) as file:
            arrays = dict(file)
        given = {k.removeprefix("input_"): v for k, v in arrays.items() if k[0] == "i"}
        is_layer = path.stem.startswith("layer_")
        if is_layer:
            model = keras.saving.load_model(path)  # kewen.layers is imported
            outputs = flat(model.predict_on_batch(list(given.values())))
        else:
            model = kewen.load(path, tokenizer=False).model
            outputs = flat(model.predict_on_batch(given))
        wanted = {key: value for key, value in arrays.items() if key[0] == "o"}
        assert outputs.keys() == wanted.keys(), path
        for key, value in outputs.items():
            assert value.dtype == wanted[key].dtype, (path, key)
            size = np.maximum(1, np.abs(wanted[key].astype("float64")))
            gap = np.abs((value.astype("float64") - wanted[key]) / size).max(initial=0)
            assert gap <= LIMIT, f"{path} {key}: {gap}"
            largest = max(largest, float(gap))
    return largest


def main(action: str, folder: str) -> None:
    """Do one of the two, and say in a line what was done."""
    root, backend = Path(folder), keras.backend.backend()
    if action == "write":
        write(root)
        print(f"{backend} wrote {len(list((root / backend).glob('*.keras')))} files")
    else:
        writers = sorted(path.name for path in root.iterdir())
        largest = read(root)
        print(f"{backend} opens the files of {', '.join(writers)}: {largest:.1e} apart")


if __name__ == "__main__":
    main(*sys.argv[1:])
