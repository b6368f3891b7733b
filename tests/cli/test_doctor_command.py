"""`kewen doctor` works where nothing else does."""

import re
import tomllib
from importlib.util import find_spec

import pytest
from command_line import ROOT

from kewen.backend import BACKENDS
from kewen.cli import doctor
from kewen.cli.doctor import EXTRAS
from kewen.cli.speed import DTYPES, Sizes, Speed, measured, speeds, verdict

SMALL = Sizes(
    vocabulary_size=30,
    hidden_dim=8,
    num_layers=1,
    num_heads=2,
    intermediate_dim=8,
    texts=2,
    tokens=4,
    seconds=0.0,
)


def test_doctor_shows_versions_and_the_device(kewen):
    ended = kewen("doctor")
    assert ended.code == 0
    for word in ("Python", "keras", "runs on", "[tensorflow]", "cores", "hub cache"):
        assert word in ended.out


def test_doctor_works_with_a_backend_that_is_not_there(kewen, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "abacus")
    ended = kewen("doctor")
    assert ended.code == 0
    assert "DOES NOT RUN" in ended.out
    assert "hub cache" in ended.out


def module_of(requirement: str) -> str:
    name = re.split(r"[\[>]", requirement)[0]
    return {"scikit-learn": "sklearn"}.get(name, name)


def test_doctor_looks_for_what_every_extra_of_the_package_brings():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    extras = tomllib.loads(text)["project"]["optional-dependencies"]
    modules = {extra: list(modules) for extra, (modules, _) in EXTRAS.items()}
    assert modules == {
        extra: [module_of(each) for each in requirements]
        for extra, requirements in extras.items()
        if extra != "dev"
    }


@pytest.mark.parametrize("dtype", DTYPES)
def test_forward_and_training_step_are_measured(dtype):
    found = measured(dtype, SMALL)
    assert found.keys() == {"forward_s", "step_s"}
    assert min(found.values()) > 0


def test_what_is_fastest_is_said_as_it_is_typed():
    found = [
        Speed("jax", "float32", forward_s=0.1, step_s=0.5),
        Speed("torch", "mixed_bfloat16", forward_s=0.2, step_s=0.4),
    ]
    inference, training = verdict(found).split("; ")
    assert inference.endswith('KERAS_BACKEND=jax and kewen.load(..., dtype="float32")')
    assert "KERAS_BACKEND=torch" in training
    assert training.endswith("kewen fit --dtype mixed_bfloat16")


def test_a_backend_that_does_not_run_has_a_line_that_says_so():
    assert [each for each in speeds("abacus", SMALL) if "DOES NOT RUN" in str(each)]


@pytest.mark.slow
def test_bench_has_a_line_for_each_backend_and_dtype(kewen, monkeypatch):
    monkeypatch.setattr(doctor, "Sizes", lambda: SMALL)
    ended = kewen("doctor", "--bench")
    assert ended.code == 0
    for backend in BACKENDS:
        if find_spec(backend):
            for dtype in DTYPES:
                assert f"{backend} in {dtype}: forward " in ended.out
        else:
            assert f"{backend}: not installed" in ended.out
    assert ended.out.splitlines()[-1].startswith("fastest ")
