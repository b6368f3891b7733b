"""Spoiled files of every kind: an answer or an error of ours, within bounds.

Cases are numbered, and a number is the same case for ever; `fuzz_worker` shows one.
"""

import sys

import pytest
from fuzz_pool import run
from fuzz_readers import ROWS

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="memory is measured in /proc"
)


def plan(group, cases):
    """Every reader's share of so many cases."""
    shares = {row.name: row.share for row in ROWS[group]()}
    whole = sum(shares.values())
    return [(name, 0, -(-cases * share // whole)) for name, share in shares.items()]


def test_each_fault_of_a_reader_is_noticed_and_the_next_case_is_run(tmp_path):
    count, findings = run("planted", plan("planted", 12), tmp_path)
    said = {finding.reader: finding.complaint for finding in findings}
    assert count == 12
    assert "signal 27" in said["hang"]  # SIGPROF: its processor time was over
    assert "signal 11" in said["crash"]
    assert "memory grew" in said["grow"]
    assert "MemoryError" in said["demand"]
    assert "none of ours" in said["raise_another"]
    assert "checksums" in said["believe"]


@pytest.mark.parametrize(("group", "cases"), [("light", 2000), ("heavy", 40)])
def test_spoiled_files_end_with_an_answer_or_an_error_of_ours(group, cases, tmp_path):
    count, findings = run(group, plan(group, cases), tmp_path)
    assert findings == [], "\n".join(map(str, findings))
    assert count >= cases


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("group", "cases"), [("light", 100_000), ("heavy", 1_500)])
def test_many_spoiled_files_end_likewise(group, cases, tmp_path):
    count, findings = run(group, plan(group, cases), tmp_path)
    assert findings == [], "\n".join(map(str, findings))
    assert count >= cases
