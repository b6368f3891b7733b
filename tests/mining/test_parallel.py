"""`parallel_apply`: the values of `map`, whoever computes them; nobody left behind."""

import itertools
import os
import signal
import subprocess
import sys
import traceback
from pathlib import Path

import jobs
import numpy as np
import pytest

from kewen.errors import ConfigError, DataError, WorkerError
from kewen.mining import parallel_apply

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize("batch", [1, 3, 100])
def test_values_come_in_the_order_of_the_items(workers, batch):
    values = parallel_apply(jobs.slow_first, range(20), workers=workers, batch=batch)
    assert list(values) == list(range(20))


def test_unordered_values_are_the_same_in_another_order():
    values = list(parallel_apply(jobs.slow_first, range(20), workers=2, ordered=False))
    assert values[0] != 0
    assert sorted(values) == list(range(20))


@pytest.mark.parametrize("ordered", [True, False])
def test_no_items_give_no_values(ordered):
    assert list(parallel_apply(jobs.square, [], workers=2, ordered=ordered)) == []


@pytest.mark.parametrize(("workers", "batch"), [(1, 1), (2, 1), (3, 4)])
def test_what_an_item_draws_depends_on_its_index_alone(workers, batch):
    values = list(
        parallel_apply(jobs.drawn, range(9), workers=workers, seed=5, batch=batch)
    )
    children = np.random.SeedSequence(5).spawn(9)
    expected = [int(np.random.default_rng(c).integers(1 << 30)) for c in children]
    assert values == list(enumerate(expected))


def test_items_without_end_are_taken_as_they_are_needed():
    taken = 0

    def items():
        nonlocal taken
        while True:
            taken += 1
            yield taken

    values = parallel_apply(jobs.square, items(), workers=2)
    assert [next(values) for _ in range(5)] == [1, 4, 9, 16, 25]
    assert taken <= 5 + 4 * 2
    values.close()


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_names_its_item_and_keeps_its_traceback(workers):
    values = parallel_apply(jobs.fail_on_seven, range(20), workers=workers)
    assert [next(values) for _ in range(7)] == list(range(7))
    with pytest.raises(WorkerError, match=r"item 7, 7\. .*ValueError: seven") as raised:
        next(values)
    assert isinstance(raised.value.__cause__, ValueError)
    assert "in fail_on_seven" in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize("workers", [1, 2])
def test_kewen_s_own_errors_come_as_they_are(workers):
    with pytest.raises(DataError, match=r"^line 0 is bad$"):
        list(parallel_apply(jobs.data_error, range(3), workers=workers))


def test_an_error_that_does_not_travel_is_told():
    with pytest.raises(WorkerError, match=r"item 0, 0\..*Untravelling: 0 x"):
        list(parallel_apply(jobs.raise_untravelling, range(3), workers=2))


def test_a_value_that_does_not_travel_is_an_error():
    with pytest.raises(WorkerError, match="item 0, 0"):
        list(parallel_apply(jobs.give_a_lambda, range(3), workers=2))


def test_an_item_that_does_not_travel_is_an_error():
    with pytest.raises(WorkerError, match=r"item 1 .*workers=1"):
        list(parallel_apply(jobs.square, [1, lambda: 2], workers=2))


def test_a_function_without_a_name_elsewhere_is_refused_at_once():
    with pytest.raises(ConfigError, match="top of a module"):
        parallel_apply(lambda item: item, [1], workers=2)


@pytest.mark.parametrize("number", [0, -1, 1.5])
def test_numbers_that_cannot_be_are_refused_at_once(number):
    with pytest.raises(ConfigError, match=f"workers must .*Received: {number}"):
        parallel_apply(jobs.square, [1], workers=number)
    with pytest.raises(ConfigError, match=f"batch must .*Received: {number}"):
        parallel_apply(jobs.square, [1], batch=number)


def test_a_killed_worker_is_an_error_that_names_its_item():
    with pytest.raises(WorkerError, match="signal 9, with the batch from item 3 on"):
        list(parallel_apply(jobs.kill_on_three, range(20), workers=2))


def test_the_workers_end_with_the_loop():
    pids = set(parallel_apply(jobs.process_id, range(20), workers=2))
    assert len(pids) == 2 and os.getpid() not in pids
    assert jobs.ended(pids)


def test_the_workers_end_when_an_exception_leaves_the_loop():
    pids = set()
    try:
        for pid in parallel_apply(jobs.process_id, itertools.count(), workers=2):
            pids.add(pid)
            if len(pids) == 2:
                raise RuntimeError
    except RuntimeError:
        pass
    assert jobs.ended(pids)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_the_workers_end_with_their_parent_however_it_ends(how):
    program = jobs.PARENT.format(here=str(jobs.HERE))
    parent = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    with parent:
        pids = [int(parent.stdout.readline()) for _ in range(2)]
        assert all(map(jobs.alive, pids))
        parent.send_signal(how)
        try:
            parent.wait(20)
        finally:
            parent.kill()
    assert jobs.ended(pids)


def test_a_script_without_the_customary_guard_does_not_start_itself(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from math import sqrt\nfrom kewen.mining import parallel_apply\n"
        "print('begun')\nprint(list(parallel_apply(sqrt, [4, 9], workers=2)))\n"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, env=environment
    )
    assert done.stdout.splitlines() == ["begun", "[2.0, 3.0]"], done.stderr


def test_a_function_of_the_script_itself_is_found(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from kewen.mining import parallel_apply\n"
        "def twice(item):\n    return 2 * item\n"
        "if __name__ == '__main__':\n"
        "    print(list(parallel_apply(twice, [1, 2], workers=2)))\n"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, env=environment
    )
    assert done.stdout.strip() == "[2, 4]", done.stderr


@pytest.mark.parametrize("seed", [-1, 1.5, "a"])
def test_a_seed_that_cannot_be_is_not_the_function_s_fault(seed):
    with pytest.raises(ConfigError, match="seed must be a whole number"):
        parallel_apply(jobs.square, [1], workers=1, seed=seed)
    with pytest.raises(ConfigError, match="items must be gone through"):
        parallel_apply(jobs.square, 5, workers=1)


UNFOUND = """
from kewen.mining import parallel_apply
def double(number):
    return 2 * number
list(parallel_apply(double, [1], workers=2))
"""


def run_python(*arguments, **options):
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, **options
    )


def test_a_function_that_no_file_holds_is_refused_at_once():
    for ended in (run_python("-c", UNFOUND), run_python(input=UNFOUND)):
        assert ended.returncode == 1
        assert "not in a notebook or at a prompt" in ended.stderr


def test_a_program_that_starts_itself_is_told_how_not_to(tmp_path):
    (tmp_path / "program.py").write_text(UNFOUND)
    ended = run_python(tmp_path / "program.py")
    assert ended.returncode == 1
    assert "must stand under `if __name__ == '__main__':`" in ended.stderr
