"""What the loading benchmark makes of what its processes tell."""

import json

from benchmarks.loading import SIZES, TIMED, row
from benchmarks.start_up import run


def test_the_peak_is_the_highest_size_though_it_was_freed():
    load = "block = bytearray(64 << 20)\ndel block"
    code = SIZES + 'bare = kib("VmRSS")' + TIMED.format(load=load)
    bare, imported, peak, seconds = json.loads(run((code, (), {}))[1])
    assert peak - imported > 60 << 10
    assert imported >= bare
    assert seconds > 0


def test_a_line_holds_medians_and_how_many_times_the_weights():
    runs = [[100 << 10, 200 << 10, 400 << 10, seconds] for seconds in (3.0, 1.0, 2.0)]
    assert row("subject", runs, 100 << 10) == [
        "subject",
        "2.00",
        "1.00",
        "100",
        "200",
        "400",
        "3.00",
        "2.00",
    ]
