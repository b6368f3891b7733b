"""The program as a whole: help, start, and how commands end."""

import os
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import typer
from command_line import PROGRAM, ROOT

from kewen import __version__
from kewen.checkpoints import WeightsWarning
from kewen.cli.arguments import prepared
from kewen.cli.guard import guarded
from kewen.errors import DataError

COMMANDS = [
    "demo",
    "fit",
    "predict",
    "evaluate",
    "embed",
    "trace",
    "inspect",
    "count",
    *("words", "doctor"),
]


def test_help_shows_examples_before_options(kewen):
    ended = kewen("--help")
    assert ended.code == 0
    assert ended.out.index("Examples:") < ended.out.index("Options:")
    for command in COMMANDS:
        assert f"  kewen {command} " in ended.out or f"  kewen {command}\n" in ended.out


@pytest.mark.parametrize("command", [*COMMANDS[2:], "demo", "fit classify"])
def test_help_of_a_command_shows_its_examples_first(kewen, command):
    ended = kewen(*command.split(), "--help")
    assert f"kewen {command}" in ended.out.split("Options:")[0].split("Examples:")[1]


def test_version_is_the_package_s(kewen):
    assert kewen("--version").out == f"kewen {__version__}\n"


def test_help_loads_nothing_heavy():
    code = (
        "import sys\n"
        "from kewen.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'keras', 'jax', 'numpy', 'torch', 'tokenizers', 'huggingface_hub'}\n"
        "sys.exit(' '.join(heavy & sys.modules.keys()) or 0)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_wrong_command_is_a_usage_error(kewen):
    ended = kewen("pedict", "clf")
    assert ended.code == 2
    assert "pedict" in ended.err
    assert ended.out == ""


PREPARED = [
    (["predict", "x", "--debug"], ["--debug", "predict", "x"]),
    (["predict", "--", "--debug"], ["predict", "--", "--debug"]),
    (["fit", "--report", "--out", "a"], ["fit", "--report=", "--out", "a"]),
    (["fit", "--report"], ["fit", "--report="]),
    (["fit", "--report", "a.html"], ["fit", "--report", "a.html"]),
    (["fit", "--report", "--debug"], ["--debug", "fit", "--report="]),
    (["evaluate", "--report"], ["evaluate", "--report"]),
    ([], []),
]


@pytest.mark.parametrize(("given", "expected"), PREPARED)
def test_arguments_are_prepared_for_typer(given, expected):
    assert prepared(given) == expected


@pytest.fixture
def end(capsys, monkeypatch):
    """Let a command end with an error: (exit code, stderr)."""
    monkeypatch.setenv("KEWEN_DEBUG", "0")

    def run(error):
        def command():
            raise error

        with pytest.raises(typer.Exit) as ended:
            guarded(command)()
        return ended.value.exit_code, capsys.readouterr().err

    return run


def test_known_error_is_one_paragraph_and_code_2(end):
    assert end(DataError("Too\n  few.")) == (2, "Error: Too few.\n")


def test_unexpected_error_calls_itself_a_bug_and_names_the_way(end):
    code, said = end(ZeroDivisionError("by zero"))
    assert code == 1
    assert "bug" in said and "ZeroDivisionError: by zero" in said and "--debug" in said
    assert "Traceback" not in said


def test_interrupt_is_one_line_and_code_130(end):
    assert end(KeyboardInterrupt()) == (130, "Interrupted.\n")


def test_refusal_of_the_system_names_the_file(end):
    code, said = end(PermissionError(13, "Permission denied", "secret.tsv"))
    assert code == 2
    assert "secret.tsv" in said and "Permission denied" in said


def test_own_warning_is_a_paragraph_and_a_stranger_s_is_not_shown(capsys, monkeypatch):
    monkeypatch.setenv("KEWEN_DEBUG", "0")

    def command():
        warnings.simplefilter("always")
        warnings.warn("3 unread: a, b, c.", WeightsWarning, stacklevel=1)
        warnings.warn("nobody asked", DeprecationWarning, stacklevel=1)

    guarded(command)()
    assert capsys.readouterr().err == "Warning: 3 unread: a, b, c.\n"


def test_debug_shows_the_traceback_and_keeps_the_code(end, monkeypatch):
    monkeypatch.setenv("KEWEN_DEBUG", "1")
    code, said = end(DataError("Too few."))
    assert code == 2
    assert "Traceback" in said


def test_debug_may_stand_at_the_end_of_the_line(kewen, tmp_path):
    ended = kewen("inspect", tmp_path / "nowhere", "--json", "--debug")
    assert ended.code == 2
    assert "Traceback" in ended.err


def test_unread_output_ends_in_silence(tmp_path):
    from command_line import GOLDEN

    folder = GOLDEN / "huggingface" / "bert_mlm"
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*PROGRAM, "inspect", str(folder), "--json"],
        cwd=ROOT,
        stdout=writer,
        stderr=subprocess.PIPE,
        timeout=60,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
def test_ctrl_c_ends_in_one_line(environment):
    # Where the tests run in a background job, Ctrl-C is ignored, and programs that they
    # start would ignore it too.
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from kewen.cli import main; main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, "predict", "clf", "--input", "-"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        # Once it has taken all that a pipe holds, it is reading.
        process.stdin.write(b"text\n" * 100_000)
        process.stdin.flush()
        process.send_signal(signal.SIGINT)
        out, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, out, said) == (130, b"", b"Interrupted.\n")


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
def test_a_command_that_is_told_to_end_takes_its_temporary_files_along(environment):
    code = (
        "import sys, tempfile\n"
        "from kewen.cli.guard import guarded\n"
        "def wait():\n"
        "    with tempfile.TemporaryDirectory() as folder:\n"
        "        print(folder, flush=True)\n"
        "        sys.stdin.read()\n"
        "guarded(wait)()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        folder = Path(process.stdout.readline().strip())
        assert folder.is_dir()
        process.terminate()
        try:
            process.wait(30)
        finally:
            process.kill()
    assert process.returncode == 143
    assert not folder.exists()


def test_hub_id_without_network_says_how_to_pass_a_folder(environment):
    done = subprocess.run(
        [*PROGRAM, "embed", "owner/no-such-model", "text"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 2
    assert "owner/no-such-model" in done.stderr
    assert "pass its path" in done.stderr
    assert done.stderr.count("\n") == 1


def test_missing_backend_names_the_extra(environment):
    code = (
        "import sys, importlib.util as u\n"
        "find = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'torch' else find(name, *a)\n"
        "from kewen.cli import main\n"
        "main(['embed', 'anything', 'text'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment | {"KERAS_BACKEND": "torch"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert 'pip install ".[torch]"' in done.stderr
