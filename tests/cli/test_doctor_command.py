"""`kewen doctor` works where nothing else does."""

import tomllib

from command_line import ROOT

from kewen.cli.doctor import EXTRAS


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


def test_doctor_looks_for_what_every_extra_of_the_package_brings():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    extras = tomllib.loads(text)["project"]["optional-dependencies"]
    modules = {extra: list(modules) for extra, (modules, _) in EXTRAS.items()}
    assert modules == {
        extra: [each.split(">=")[0] for each in requirements]
        for extra, requirements in extras.items()
        if extra != "dev"
    }
