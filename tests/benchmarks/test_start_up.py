"""The processes whose start is measured."""

import pytest

from benchmarks.start_up import in_turns, run


def test_a_process_that_fails_is_no_measurement():
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        run(("1 / 0", (), {}))


def test_processes_take_turns_and_warm_ups_do_not_count(tmp_path):
    note = (
        "import os, sys; print(os.environ['NAME'], end='', file=open(sys.argv[1], 'a'))"
    )
    arguments = (str(tmp_path / "turns"),)
    commands = {name: (note, arguments, {"NAME": name}) for name in ("a", "b")}
    seconds = in_turns(commands, repeats=2, warmup=1)
    assert (tmp_path / "turns").read_text() == "ababab"
    assert {name: len(each) for name, each in seconds.items()} == {"a": 2, "b": 2}
