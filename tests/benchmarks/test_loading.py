"""What the loading benchmark makes of what its processes tell."""

import json

from benchmarks.loading import HEAD, SIZES, TIMED, row
from benchmarks.start_up import run


def test_the_peak_is_the_highest_size_though_it_was_freed():
    load = "block = bytearray(64 << 20)\ndel block"
    use = "block = bytearray(128 << 20)"
    code = SIZES + 'bare = kib("VmRSS")' + TIMED.format(load=load, use=use)
    bare, imported, loaded, used, load_s, use_s = json.loads(run((code, (), {}))[1])
    assert loaded - imported > 60 << 10
    assert used - imported > 120 << 10
    assert imported >= bare
    assert use_s > load_s > 0


def test_a_line_holds_medians_and_how_many_times_the_weights():
    sizes = [size << 10 for size in (100, 200, 400, 500)]
    runs = [[*sizes, seconds, 2 * seconds] for seconds in (3.0, 1.0, 2.0)]
    line = row("subject", runs, 100 << 10)
    assert line[:7] == "subject 2.00 4.00 100 200 400 500".split()
    assert line[7:] == ["3.00 x", "2.00 x", "3.00 x"]
    assert len(line) == len(HEAD)
