"""The house stands: imports go strictly down or stay inside their room (design, 2)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

KEWEN = Path(__file__).parents[1] / "kewen"

# The errors are no room but the ground: floor 0 of the design stands on them too.
FLOORS = [
    {"errors"},
    {
        "backend",
        "memory",
        "ops",
        "files",
        "protobuf",
        "segmenters",
        "settings",
        "visible",
    },
    {"text", "masks", "checkpoints", "stats", "poems"},
    {"data", "layers", "losses", "metrics", "optimizers", "decoding"},
    {"heads", "mining"},
    {"models", "training"},
    {"engines", "analysis"},
    {"tasks"},
    {"research", "distributed"},
    {"serve"},
    {"cli"},
]
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}

NUMPY_ROOMS = ["files", "text", "checkpoints", "poems", "data", "stats", "mining"]
FRAMEWORKS = {"keras", "jax", "jaxlib", "torch", "tensorflow", "keras_hub", "flax"}


def imports_of(path: Path) -> Iterator[tuple[int, str]]:
    """Line and full name of everything a file imports, however late.

    Imports for type checkers count too: a name that a signature needs ties two rooms
    together as firmly as a call. `import_module("...")` counts when it says the name.
    """
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from ((node.lineno, f"{module}.{a.name}") for a in node.names)
        elif isinstance(node, ast.Call) and node.args:
            called = node.func
            name = getattr(called, "attr", getattr(called, "id", None))
            first = node.args[0]
            if name in ("import_module", "__import__") and isinstance(
                first, ast.Constant
            ):
                yield node.lineno, str(first.value)


def room_of(path: Path, root: Path) -> str:
    return path.relative_to(root).parts[0].removesuffix(".py")


def files_below(root: Path) -> list[Path]:
    """Every file but the front door, which may import from every floor."""
    return [path for path in sorted(root.rglob("*.py")) if path != root / "__init__.py"]


def climbing_imports(root: Path) -> list[str]:
    """Imports that go up, sideways into another room, or where no room is known."""
    found: list[str] = []
    for path in files_below(root):
        room = room_of(path, root)
        place = path.relative_to(root).as_posix()
        if room not in FLOOR_OF:
            found.append(f"{place}: the room {room!r} has no floor")
            continue
        for line, name in imports_of(path):
            if name.startswith("."):
                found.append(f"{place}:{line} relative import {name}")
            parts = name.split(".")
            if parts[0] != root.name:
                continue
            target = parts[1] if len(parts) > 1 else "the front door"
            down = FLOOR_OF.get(target, 99) < FLOOR_OF[room]
            if target != room and not down:
                found.append(f"{place}:{line} {room} imports {target}")
    return found


def framework_imports(root: Path, room: str) -> list[str]:
    return [
        f"{path.relative_to(root).as_posix()}:{line} {name}"
        for path in files_below(root)
        if room_of(path, root) == room
        for line, name in imports_of(path)
        if name.split(".")[0] in FRAMEWORKS
    ]


def test_no_import_climbs():
    assert climbing_imports(KEWEN) == []


@pytest.mark.parametrize("room", NUMPY_ROOMS)
def test_numpy_rooms_import_no_framework(room):
    assert framework_imports(KEWEN, room) == []


def test_no_room_stands_on_two_floors():
    assert sum(map(len, FLOORS)) == len(FLOOR_OF)


CLIMBING = [
    ("text/a.py", "from kewen.models.bert import config"),  # up
    ("text/a.py", "from kewen import models"),
    ("text/a.py", "import kewen.models"),
    ("text/a.py", "import kewen"),  # the front door
    ("masks/a.py", "from kewen.text import x"),  # sideways
    ("text/a.py", "def f():\n    from kewen.data import x"),  # late
    ("text/a.py", "if TYPE_CHECKING:\n    from kewen.data import x"),
    ("text/a.py", "def f():\n    return import_module('kewen.data')"),
    ("errors.py", "from kewen.files import x"),
    ("files/a.py", "from kewen.ops import x"),
    ("text/a.py", "from .b import x"),
    ("attic/a.py", ""),  # a room nobody knows
    ("data/a.py", "from kewen.attic import x"),
]


@pytest.mark.parametrize(("name", "code"), CLIMBING)
def test_checker_catches_a_climbing_import(tmp_path, name, code):
    assert len(climbing_imports(made_up(tmp_path, name, code))) == 1


ALLOWED = [
    ("text/a.py", "from kewen.errors import KewenError"),
    ("files/a.py", "from kewen.errors import KewenError"),
    ("text/a.py", "from kewen.text.b import x"),
    ("tasks/a.py", "def f():\n    from kewen.models import load"),
    ("data/a.py", "import numpy, kewenish"),
    ("__init__.py", "from kewen.tasks import x"),
]


@pytest.mark.parametrize(("name", "code"), ALLOWED)
def test_checker_lets_downward_imports_pass(tmp_path, name, code):
    assert climbing_imports(made_up(tmp_path, name, code)) == []


def test_checker_catches_a_late_framework_import(tmp_path):
    root = made_up(tmp_path, "text/a.py", "def f():\n    import jax.numpy as jnp")
    assert framework_imports(root, "text") == ["text/a.py:2 jax.numpy"]


def made_up(folder: Path, name: str, code: str) -> Path:
    path = folder / "kewen" / name
    path.parent.mkdir(parents=True)
    path.write_text(code, encoding="utf-8")
    return folder / "kewen"
