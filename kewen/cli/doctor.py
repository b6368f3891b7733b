"""`kewen doctor`: what is installed, what runs, and what is missing for what."""

import os
import platform
import shutil
import sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from kewen.backend import BACKENDS
from kewen.cli.compiled import FOLDER_VARIABLE
from kewen.cli.speed import Sizes, Speed, speeds, verdict
from kewen.cli.surroundings import prepare
from kewen.cli.version import kewen_version
from kewen.errors import KewenError, installing
from kewen.files.home import default_cache, expanded

EXAMPLES = """
kewen doctor
KERAS_BACKEND=torch kewen doctor
kewen doctor --bench
"""

CORE = ("keras", "jax", "numpy", "tokenizers", "safetensors", "huggingface_hub")
# Extra -> the modules that it brings, and what they are good for.
EXTRAS = {
    "torch": (("torch",), "PyTorch as Keras' backend"),
    "tensorflow": (("tensorflow",), "TensorFlow as Keras' backend"),
    "tensorboard": (("tensorboardX",), "loss curves of `kewen fit --tensorboard`"),
    "chinese": (("rjieba", "jieba"), "words before word pieces (WoBERT, RoFormer)"),
    "export": (("openvino",), "engine of `--engine openvino`"),
    "onnx": (("torch", "onnx", "onnxscript"), "`kewen export DIR model.onnx`"),
    "gguf": (("gguf",), "GGUF files in k-quants"),
    "chat": (("jinja2",), "chat templates: `kewen generate DIR --chat`"),
    "bleu": (("sacrebleu",), "`kewen evaluate WRITER FILE --bleu`"),
    "poems": (("opencc",), "training of the poem writer: examples/poems"),
    "mining": (
        ("numba", "rjieba", "networkx"),
        "compiled InfoMap and vectors, words of `kewen count`, files of graphs",
    ),
    "ray": (("ray",), "`kewen count --ray`"),
    "oracles": (("infomap",), "tests against packages under the GPL"),
    "bench": (
        (
            *("torch", "transformers", "openvino", "onnx", "onnxscript"),
            *("onnxruntime", "gguf", "accelerate", "ctranslate2"),
            *("gensim", "sklearn", "polars"),
        ),
        "peers in the benchmarks",
    ),
}
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "XLA_FLAGS", "TOKENIZERS_PARALLELISM")
NETWORK = ("HF_ENDPOINT", "HF_HUB_OFFLINE", "HTTPS_PROXY")


def doctor(
    bench: Annotated[
        bool,
        typer.Option(
            "--bench", help="Measure too which backend and dtype is fastest (minutes)."
        ),
    ] = False,
) -> None:
    """Show the surroundings that kewen runs in, and what is missing for what."""
    show("Python", f"{platform.python_version()} ({sys.executable})")
    show("system", f"{platform.platform()}, {_cores()}")
    show("kewen", f"{kewen_version()} ({Path(__file__).parents[1]})")
    for module in CORE:
        show(module, _version(module) or f"MISSING: {_install('kewen')}")
    _show_backend()
    for extra, (modules, purpose) in EXTRAS.items():
        show(f"[{extra}]", _state(extra, modules, purpose))
    for title, names in (("threads", THREADS), ("network", NETWORK)):
        show(title, ", ".join(f"{name}={os.environ.get(name, '')}" for name in names))
    for title, folder in _caches().items():
        show(title, f"{folder} ({_free(folder)})")
    if bench:
        _bench(Sizes())


def _bench(sizes: Sizes) -> None:
    """Each installed backend in each dtype, then which one to take for what."""
    shown = f"{sizes.texts} texts of {sizes.tokens} tokens, {sizes.num_layers} layers"
    show("bench", f"{shown} of {sizes.hidden_dim}, each in a process of its own")
    found: list[Speed] = []
    for backend in BACKENDS:
        if find_spec(backend) is None:
            show("", f"{backend}: {_install_line(backend)}")
            continue
        for speed in speeds(backend, sizes):
            if isinstance(speed, Speed):
                found.append(speed)
            show("", str(speed))
    if found:
        show("fastest", verdict(found))


def show(title: str, value: str) -> None:
    """One line of the findings, as soon as it is known."""
    sys.stdout.write(f"{title:<16} {value}\n")
    sys.stdout.flush()


def _show_backend() -> None:
    """The one in use, whether it runs, its devices, and the others."""
    try:
        prepare()
        name, finding = _try_backend()
    except KewenError as error:
        name, finding = (
            os.environ.get("KERAS_BACKEND", "none"),
            f"DOES NOT RUN: {error}",
        )
    # A broken installation raises what it likes, and this is the place to say so.
    except Exception as error:
        name = os.environ.get("KERAS_BACKEND", "none")
        finding = f"DOES NOT RUN: {type(error).__name__}: {error}"
    show("backend", f"{name}, {finding}")
    for other in BACKENDS:
        if other != name:
            found = _version(other)
            state = f"{found} installed, not in use" if found else _install_line(other)
            show("", f"{other}: {state}")


def _try_backend() -> tuple[str, str]:
    """Name and devices, after one computation."""
    keras = import_module("keras")
    name = keras.backend.backend()
    if float(keras.ops.sum(keras.ops.ones((2, 2)))) != 4:
        raise ArithmeticError("one and one and one and one is not four")
    return name, f"{_version(name)}, runs on {', '.join(_devices(name))}"


def _devices(backend: str) -> list[str]:
    module = import_module(backend)
    if backend == "jax":
        return [f"{each.platform} ({each.device_kind})" for each in module.devices()]
    if backend == "torch":
        count = module.cuda.device_count()
        return [module.cuda.get_device_name(i) for i in range(count)] or ["cpu"]
    return [each.name for each in module.config.list_physical_devices()]


def _state(extra: str, modules: tuple[str, ...], purpose: str) -> str:
    found = {module: _version(module) for module in modules}
    if all(found.values()):
        return ", ".join(f"{module} {number}" for module, number in found.items())
    lacking = ", ".join(module for module in modules if not found[module])
    return f"without {lacking}: no {purpose}. {_install(extra)}"


def _version(module: str) -> str | None:
    """The version of an installed module, nothing of it imported."""
    if find_spec(module) is None:
        return None
    try:
        return version(module)
    except PackageNotFoundError:  # tensorflow may be of the package tensorflow-cpu
        packages = packages_distributions().get(module)
        return version(packages[0]) if packages else "of unknown version"


def _install_line(backend: str) -> str:
    return f"not installed. {_install(BACKENDS[backend])}"


def _install(extra: str | None) -> str:
    return f"Install, {installing(extra)}"


def _cores() -> str:
    usable = (
        len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count()
    )
    return f"{usable} of {os.cpu_count()} cores usable"


def _caches() -> dict[str, Path]:
    home = os.environ.get("HF_HOME") or expanded("~/.cache/huggingface")
    hub = os.environ.get("HF_HUB_CACHE") or Path(home) / "hub"
    caches = {"demo cache": default_cache(), "hub cache": Path(hub)}
    compiled = os.environ.get(FOLDER_VARIABLE)  # ours, since the backend was prepared
    return caches | ({"compiled cache": Path(compiled)} if compiled else {})


def _free(folder: Path) -> str:
    """Space left on the disk that holds, or will hold, the folder."""
    place = next(each for each in (folder, *folder.parents) if each.exists())
    state = "there" if folder.exists() else "not made yet"
    return f"{state}, {shutil.disk_usage(place).free / 1e9:.1f} GB free"
