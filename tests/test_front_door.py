"""`import kewen` is cheap, and picks the backend by the rules of design, section 1."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PRINT_BACKEND = "import os, kewen; print(os.environ.get('KERAS_BACKEND'))"


def run(code: str, home: Path, **environment: str) -> str:
    """The last line that a fresh process prints, living in a home of its own."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if key not in ("KERAS_BACKEND", "KERAS_HOME")
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=kept | {"HOME": str(home), "USERPROFILE": str(home)} | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


def configure(home: Path, text: str) -> None:
    (home / ".keras").mkdir()
    (home / ".keras" / "keras.json").write_text(text, encoding="utf-8")


HEAVY = ["keras", "jax", "torch", "tensorflow", "tokenizers", "typer", "numpy"]


def test_import_kewen_loads_nothing_heavy(tmp_path):
    code = f"import sys, kewen; print([m for m in {HEAVY} if m in sys.modules])"
    assert run(code, tmp_path) == "[]"


def test_import_kewen_writes_nothing_into_home(tmp_path):
    run(PRINT_BACKEND, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_unknown_name_of_the_front_door_is_an_attribute_error(tmp_path):
    code = "import kewen; print(hasattr(kewen, 'no_such_room'))"
    assert run(code, tmp_path) == "False"


@pytest.mark.parametrize("room", ["data", "files", "text", "checkpoints", "stats"])
def test_numpy_rooms_load_no_framework(tmp_path, room):
    frameworks = {"keras", "jax", "torch", "tensorflow"}
    code = f"import sys, kewen.{room}; print({frameworks} & sys.modules.keys())"
    assert run(code, tmp_path) == "set()"


def test_backend_is_jax_where_nobody_chose(tmp_path):
    assert run(PRINT_BACKEND, tmp_path) == "jax"


CONFIGURED = [
    ('{"backend": "tensorflow"}', "jax"),  # Keras writes this by itself
    ('{"backend": "torch"}', "torch"),
    ('{"backend": "jax"}', "jax"),
    ('{"floatx": "float32"}', "jax"),
    ('{"backend": 3}', "jax"),
    ("[]", "jax"),
    ("{broken", "jax"),
]


@pytest.mark.parametrize(("text", "backend"), CONFIGURED)
def test_backend_follows_the_config_file_unless_it_says_tensorflow(
    tmp_path, text, backend
):
    configure(tmp_path, text)
    assert run(PRINT_BACKEND, tmp_path) == backend


def test_backend_follows_a_config_file_in_keras_home(tmp_path):
    config = json.dumps({"backend": "torch"})
    (tmp_path / "keras.json").write_text(config, encoding="utf-8")
    assert run(PRINT_BACKEND, tmp_path, KERAS_HOME=str(tmp_path)) == "torch"


def test_environment_wins_over_the_config_file(tmp_path):
    configure(tmp_path, '{"backend": "torch"}')
    assert run(PRINT_BACKEND, tmp_path, KERAS_BACKEND="tensorflow") == "tensorflow"


def test_backend_is_untouched_once_keras_is_imported(tmp_path):
    # A stand-in: what matters is that the name is taken.
    code = "import sys, types; sys.modules['keras'] = types.ModuleType('keras'); "
    assert run(code + PRINT_BACKEND, tmp_path) == "None"


@pytest.mark.parametrize(
    ("backend", "use"),
    [
        ("jax", "kewen.load('somewhere')"),
        ("torch", "kewen.load('somewhere')"),
        ("tensorflow", "kewen.load('somewhere')"),
        ("torch", "from kewen.models import Pretrained"),
        ("jax", "import kewen.layers"),
        ("tensorflow", "from kewen.training.fit import fit"),
        ("torch", "import kewen.masks, kewen.heads"),
    ],
)
def test_a_backend_that_is_not_installed_is_named_with_its_remedy(
    tmp_path, backend, use
):
    code = f"""
import importlib.util as util
found = util.find_spec
util.find_spec = lambda name, *rest: None if name == {backend!r} else found(name, *rest)
import kewen
from kewen import data, text  # need none
try:
    {use}
except ImportError as error:
    print(type(error).__name__, error)
"""
    said = run(code, tmp_path, KERAS_BACKEND=backend)
    assert said.startswith(f"MissingExtraError The backend {backend} was chosen")
    assert 'pip install ".' in said


@pytest.mark.parametrize("backend", ["numpy", "openvino"])
@pytest.mark.parametrize("use", ["kewen.load('somewhere')", "kewen.layers"])
def test_a_backend_on_which_nothing_learns_is_refused(tmp_path, backend, use):
    code = f"""
import kewen
try:
    {use}
except ValueError as error:
    print(type(error).__name__, error)
"""
    said = run(code, tmp_path, KERAS_BACKEND=backend)
    assert said.startswith("ConfigError Keras' backend must be one of jax, torch")
    assert f"Received: '{backend}'" in said


def test_two_processes_in_one_fresh_home_both_run_on_jax(tmp_path):
    # The first import of Keras writes a config file that names tensorflow.
    code = "import kewen, keras; print(keras.backend.backend())"
    assert [run(code, tmp_path), run(code, tmp_path)] == ["jax", "jax"]
    assert (tmp_path / ".keras" / "keras.json").exists()
