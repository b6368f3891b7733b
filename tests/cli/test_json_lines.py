"""Results as lines, whatever is in the texts."""

import json

import pytest

from kewen.cli.json_lines import json_line, json_lines
from kewen.errors import KewenError


@pytest.mark.parametrize("text", ["白切鸡", "a\nb\u2028c", "half a pair: \ud83d"])
def test_any_text_is_one_line_of_utf8_that_reads_back(text):
    line = json_line({"text": text})
    assert json.loads(line.encode()) == {"text": text}
    assert line.count("\n") == 1


def test_chinese_stays_readable():
    assert json_line({"text": "白切鸡"}) == '{"text": "白切鸡"}\n'


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_json_does_not_have_is_refused(number):
    with pytest.raises(KewenError, match="must be finite numbers"):
        json_line({"embedding": [0.5, number]})


def test_file_does_not_appear_when_the_work_fails(tmp_path):
    with pytest.raises(ZeroDivisionError), json_lines(tmp_path / "a.jsonl") as write:
        write({"n": 1})
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
