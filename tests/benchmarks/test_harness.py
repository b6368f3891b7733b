"""The harness' own arithmetic and bookkeeping; nothing here depends on speed."""

import itertools
import os
import sys
import time

import pytest

from benchmarks import harness
from benchmarks.harness import Subject, Timing, measure, ratio, replaced_section
from kewen.memory import keep_freed_memory


def counting(start):
    """A subject whose runs answer start, start + 1, ..."""
    counter = itertools.count(start)
    return lambda: next(counter)


def failing():
    raise ValueError("cannot be prepared")


def timing(name, *seconds):
    best = min(seconds) / 2
    return Timing(name, 1.0, first_s=2.0, seconds=list(seconds), best_s=best)


def sleeping(seconds):
    return lambda: time.sleep(seconds)


def test_every_subject_is_run_and_timed_as_often_as_asked():
    ours, peer = measure(
        [Subject("ours", counting, (10,)), Subject("peer", counting, (20,))],
        repeats=5,
        warmup=1,
        run_s=0.01,
    )
    assert (ours.name, peer.name) == ("ours", "peer")
    assert (ours.answer, peer.answer) == (10, 20)
    assert len(ours.seconds) == len(peer.seconds) == 5


def test_short_work_is_repeated_and_each_call_is_counted_alone():
    subject = Subject("short", sleeping, (0.03,))
    (short,) = measure([subject], repeats=5, warmup=1, run_s=0.1)
    assert all(seconds >= 0.03 for seconds in short.seconds)
    assert 0.03 <= short.best_s <= min(short.seconds)


def kept_memory():
    return keep_freed_memory


def test_a_subjects_environment_is_there_before_kewen_is_imported():
    plain = Subject("plain", kept_memory, (), harness.PLAIN_MALLOC)
    before = dict(os.environ)
    (timing,) = measure([plain], repeats=5, warmup=1, run_s=0.01)
    assert timing.answer is False
    assert dict(os.environ) == before


def test_a_subject_that_cannot_be_prepared_is_named(capfd):
    with pytest.raises(RuntimeError, match="process of 'broken' ended"):
        measure([Subject("broken", failing)], repeats=5)
    assert "cannot be prepared" in capfd.readouterr().err


@pytest.mark.parametrize(("repeats", "warmup"), [(4, 1), (5, 0)])
def test_too_few_runs_are_refused(repeats, warmup):
    with pytest.raises(ValueError, match="at least 5 timed runs"):
        measure([], repeats=repeats, warmup=warmup)


def test_turns_alternate_who_comes_first():
    assert [harness._order(3, turn) for turn in (1, 2, 3)] == [
        [2, 1, 0],
        [0, 1, 2],
        [2, 1, 0],
    ]


def test_median_ignores_one_slow_run():
    assert timing("a", 1, 1, 1, 1, 50).median_s == 1


def test_spread_is_half_the_quartile_distance_over_the_median():
    assert timing("a", 8, 9, 10, 11, 12).spread == pytest.approx(0.1)


def test_ratio_above_one_means_that_ours_is_faster():
    assert ratio(timing("ours", 1, 1, 1), timing("peer", 2, 2, 2)) == 2.0


def test_table_gives_throughput_and_ratio():
    table = harness.speed_table(
        [timing("ours", 2 / 3, 1, 1, 1), timing("peer", 2, 2, 2)],
        work=16,
        unit="texts",
    )
    assert [line.split()[:2] for line in table.splitlines()[1:]] == [
        ["ours", "16.0"],
        ["peer", "8.0"],
    ]
    ratios = [part for part in table.splitlines()[2].split() if "." in part][-3:]
    assert ratios == ["2.00", "1.0000", "3.00"]  # of medians; best, ratio of the best


@pytest.fixture
def quick_clock(monkeypatch):
    whole = harness.running_share
    monkeypatch.setattr(harness, "running_share", lambda: whole(0.05))


def test_machine_line_names_cores_python_packages_day_and_commit(quick_clock):
    line = harness.machine_line()
    for part in [
        "% of the time",
        "cores",
        "GiB",
        "Python 3.",
        "keras ",
        "jax ",
        "numpy ",
        "commit ",
    ]:
        assert part in line
    assert "\n" not in line


def test_stops_of_a_core_are_seen_in_the_clock(monkeypatch):
    looks = iter([0.0, 0.001, 0.5, 0.501, 1.0, 1.001, 2.0])
    monkeypatch.setattr(harness.time, "perf_counter", lambda: next(looks))
    # Stopped from 0.001 to 0.5, from 0.501 to 1.0, and from 1.001 to 2.0.
    assert harness.running_share(2.0) == pytest.approx(0.003 / 2)


def test_a_section_is_replaced_and_its_neighbours_stay():
    page = replaced_section("# Speed\n", "a", "old a")
    page = replaced_section(page, "b", "b stays")
    page = replaced_section(page, "a", r"new a \1 \g<0>")
    assert page == (
        "# Speed\n\n<!-- begin a -->\nnew a \\1 \\g<0>\n<!-- end a -->\n\n"
        "<!-- begin b -->\nb stays\n<!-- end b -->\n"
    )


def test_writing_the_same_section_twice_changes_nothing(tmp_path):
    path = tmp_path / "RESULTS.md"
    harness.write_section(path, "a", "text")
    once = path.read_text("utf-8")
    harness.write_section(path, "a", "text")
    assert path.read_text("utf-8") == once
    assert once.startswith("# Measured speed\n")


def test_a_result_is_printed_and_kept_only_on_request(
    tmp_path, monkeypatch, capsys, quick_clock
):
    monkeypatch.setattr(harness, "RESULTS", tmp_path / "RESULTS.md")
    monkeypatch.setattr(sys, "argv", ["demo.py", "--texts", "96", "--write"])
    harness.publish("demo", "Title", "numbers", write=False)
    assert "numbers" in capsys.readouterr().out
    assert not harness.RESULTS.exists()
    harness.publish("demo", "Title", "numbers", write=True)
    kept = harness.RESULTS.read_text("utf-8")
    assert "`python -m benchmarks.demo --texts 96`" in kept
