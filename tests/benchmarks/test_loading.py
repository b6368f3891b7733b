"""What the loading benchmark makes of what its processes tell."""

import json

from benchmarks.loading import HEAD, SIZES, TIMED, row
from benchmarks.start_up import run


def test_the_peak_is_the_highest_size_though_it_was_freed():
    load = "block = bytearray(64 << 20)\ndel block"
    use = "block = bytearray(128 << 20)"
    timed = TIMED.format(load=load, use=use, answer="time.sleep(0.01)")
    figures = json.loads(run((SIZES + 'bare = kib("VmRSS")' + timed, (), {}))[1])
    bare, imported, loaded, used, load_s, use_s, answer_s = figures
    assert loaded - imported > 60 << 10
    assert used - imported > 120 << 10
    assert imported >= bare
    assert use_s > load_s > 0
    assert answer_s > load_s


def test_a_line_holds_medians_and_how_many_times_the_weights():
    sizes = [size << 10 for size in (100, 200, 400, 500)]
    runs = [[*sizes, s, 2 * s, 3 * s] for s in (3.0, 1.0, 2.0)]
    line = row("subject", runs, 100 << 10)
    assert line[:8] == "subject 2.00 4.00 6.00 100 200 400 500".split()
    assert line[8:] == ["3.00 x", "2.00 x", "3.00 x"]
    assert len(line) == len(HEAD)
