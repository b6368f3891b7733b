"""Examples that stay on the disk are those that reading into memory gives."""

import json
import os
import random

import pytest

from kewen.data import BadRows, read_examples, stream_examples
from kewen.data import blocks as blocks_module
from kewen.data import streaming as streaming_module
from kewen.errors import ConfigError, DataError, NotFoundError


@pytest.fixture(params=[1, 3, 128])
def few_lines(request, monkeypatch):
    """Blocks so small that a test file has many."""
    monkeypatch.setattr(blocks_module, "BLOCK_LINES", request.param)


def jsonl(path, rows, end="\n", last=True, mark=b"", encoding="utf-8"):
    lines = [
        row if isinstance(row, str) else json.dumps(row, ensure_ascii=False)
        for row in rows
    ]
    text = end.join(lines) + (end if last else "")
    path.write_bytes(mark + text.encode(encoding))
    return path


def made(count, seed=0):
    rng = random.Random(seed)
    words = ["白切鸡", "naïve", "plain", "𝄞", "tab\\t", "u\u2028sep", "\x85next"]
    return [
        {
            "text": " ".join(rng.choices(words, k=1 + n % 9)),
            "label": f"L{n % 3}",
        }
        for n in range(count)
    ]


def same_as_in_memory(path, **options):
    streamed = stream_examples(path, **options)
    wanted = list(read_examples(path, **options))
    assert list(streamed) == wanted
    assert len(streamed) == len(wanted) == sum(streamed.block_sizes)
    return streamed


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n", "\r\n\n \n"], ids=repr)
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_jsonl_is_read_as_in_memory(tmp_path, few_lines, end, last, mark):
    path = jsonl(tmp_path / "a.jsonl", made(53), end, last, mark)
    options = {"on_bad_row": "skip"}  # the line of one space is no JSON
    same_as_in_memory(path, **options)


@pytest.mark.parametrize("header", [None, "first", "after blank lines"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_tsv_is_read_as_in_memory(tmp_path, few_lines, header, mark):
    rows = [f"{row['label']}\t{row['text']}" for row in made(20)]
    blank = "\r\n" * 5 if header == "after blank lines" else ""
    head = blank + "label\ttext\r\n" if header else ""
    path = tmp_path / "a.tsv"
    path.write_bytes(mark + (head + "\r\n".join(rows)).encode())
    named = {} if header else {"text": 1, "label": 0}
    streamed = same_as_in_memory(path, **named)
    assert streamed.label_counts == {"L0": 7, "L1": 7, "L2": 6}


@pytest.mark.parametrize("encoding", ["gb18030", "gbk", "big5", "shift_jis", "latin-1"])
def test_other_encodings_are_read_as_in_memory(tmp_path, few_lines, encoding):
    text = {"latin-1": "caf\xe9 \xff", "shift_jis": "日本表"}.get(encoding, "中文一乙")
    rows = [{"text": text * (n % 4 + 1), "label": f"{n % 2}"} for n in range(15)]
    path = jsonl(tmp_path / "a.jsonl", rows, encoding=encoding)
    assert same_as_in_memory(path, encoding=encoding).block(0)[0].text == text


def test_blocks_can_be_read_in_any_order(tmp_path, few_lines):
    path = jsonl(tmp_path / "a.jsonl", made(41), end="\r\n")
    streamed = stream_examples(path)
    whole = list(streamed)
    order = list(range(len(streamed.block_sizes)))
    random.Random(1).shuffle(order)
    found = {number: streamed.block(number) for number in order}
    assert [row for number in sorted(found) for row in found[number]] == whole


def test_bad_rows_are_named_and_counted_as_in_memory(tmp_path, few_lines):
    rows = made(100)
    for place in (3, 4, 5, 40, 98):
        rows[place] = ["{", '{"text": "x"}', "[]", '{"text": " ", "label": "a"}'][
            place % 4
        ]
    path = jsonl(tmp_path / "a.jsonl", rows, end="\n\n")
    ours, theirs = BadRows(), BadRows()
    streamed = stream_examples(path, on_bad_row="skip", bad_rows=ours)
    assert list(streamed) == list(
        read_examples(path, on_bad_row="skip", bad_rows=theirs)
    )
    assert ours.count == 5 and ours.summary() == theirs.summary()
    with pytest.raises(DataError) as in_memory:
        list(read_examples(path))
    with pytest.raises(DataError) as on_disk:
        stream_examples(path)
    assert str(on_disk.value) == str(in_memory.value)
    assert "line 7" in str(on_disk.value)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.jsonl", b""),
        ("blank.jsonl", b"\n\r\n\n"),
        ("empty.tsv", b""),
        ("head.tsv", b"text\tlabel\n"),
        ("no_column.tsv", b"body\tlabel\nx\ta\n"),
        ("no_column_no_rows.tsv", b"body\tlabel\n"),
        ("gb.jsonl", '{"text": "a", "label": "b"}\n{"text": "中文"}'.encode("gbk")),
        ("cut.jsonl", '{"text": "a", "label": "中"}'.encode()[:-3]),
        ("wide.jsonl", "\ufeff{}\n".encode("utf-16-le")),
        ("zeros.jsonl", '{"text": "a"}\n'.encode("utf-16-le")),
        ("packed.jsonl", b"\x1f\x8b\x08\x00abc"),
    ],
)
def test_what_reading_refuses_is_refused_in_the_same_words(
    tmp_path, few_lines, name, content
):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError) as in_memory:
        list(read_examples(path))
    with pytest.raises(DataError) as on_disk:
        stream_examples(path)
    assert str(on_disk.value) == str(in_memory.value)


def test_a_line_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(blocks_module, "MAX_LINE_CHARS", 1000)
    for size in (1100, 9000):
        path = jsonl(tmp_path / "a.jsonl", [*made(3), {"text": "x" * size}])
        with pytest.raises(DataError, match="line 4 is longer than 1000"):
            stream_examples(path)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("a.jsonl.gz", {}, "gunzip"),
        ("a.csv", {}, "several lines"),
        ("a.txt", {}, "another kind"),
        ("a.jsonl", {"encoding": "utf-16"}, "iconv -f utf-16"),
        ("a.jsonl", {"encoding": "utf-7"}, "iconv -f utf-7"),
        ("a.jsonl", {"encoding": "iso2022_jp"}, "iconv"),
        ("a.jsonl", {"encoding": "hz"}, "iconv"),
        ("a.jsonl", {"encoding": "klingon"}, "encoding must be one"),
        (".", {}, "a folder"),
    ],
)
def test_what_cannot_be_read_from_the_middle_is_refused(
    tmp_path, name, options, message
):
    if name != ".":
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(ConfigError, match=message):
        stream_examples(tmp_path / name, **options)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no pipes")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.jsonl")
    with pytest.raises(ConfigError, match="no plain file"):
        stream_examples(tmp_path / "a.jsonl")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(NotFoundError, match="There is no file"):
        stream_examples(tmp_path / "a.jsonl")


def test_a_column_that_holds_no_classes_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(streaming_module, "MOST_LABELS", 5)
    rows = [{"text": "x", "label": n} for n in range(9)]
    path = jsonl(tmp_path / "a.jsonl", rows)
    with pytest.raises(DataError, match=r"at most 5 labels.*line 6"):
        stream_examples(path)


def test_labels_that_would_fill_memory_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(streaming_module, "MOST_LABEL_CHARS", 50)
    rows = [{"text": "x", "label": str(n) * 20} for n in (1, 1, 1, 2, 3)]
    path = jsonl(tmp_path / "a.jsonl", rows)
    with pytest.raises(DataError, match=r"50 characters together.*line 5"):
        stream_examples(path)


def test_a_file_that_was_changed_is_refused_with_the_line(tmp_path, few_lines):
    path = jsonl(tmp_path / "a.jsonl", made(30))
    streamed = stream_examples(path)
    content = path.read_bytes()
    place = content.rindex(b'"L0"')
    path.write_bytes(content[:place] + b'"L2"' + content[place + 4 :])
    with pytest.raises(DataError, match=r"must stay as it is .* from line \d+"):
        list(streamed)
    path.write_bytes(content[:-5])
    with pytest.raises(DataError, match="must stay as it is"):
        streamed.block(len(streamed.block_sizes) - 1)
    path.unlink()
    with pytest.raises(NotFoundError):
        streamed.block(0)


def test_the_digest_is_that_of_the_bytes_and_of_how_they_are_read(tmp_path):
    first = jsonl(tmp_path / "a.jsonl", made(30))
    same = jsonl(tmp_path / "b.jsonl", made(30))
    other = jsonl(tmp_path / "c.jsonl", made(30, seed=1))
    digest = stream_examples(first).digest
    assert stream_examples(same).digest == digest
    assert stream_examples(other).digest != digest
    assert stream_examples(first, text="label", label="text").digest != digest


def test_labels_come_with_the_lines_where_they_first_stand(tmp_path, few_lines):
    rows = made(10)
    rows[8]["label"] = "rare"
    streamed = stream_examples(jsonl(tmp_path / "a.jsonl", rows, end="\n\n"))
    found = [(each.label, each.line) for each in streamed.one_of_each]
    assert found == [("L0", 1), ("L1", 3), ("L2", 5), ("rare", 17)]
    assert streamed.label_counts == {"L0": 4, "L1": 3, "L2": 2, "rare": 1}


def test_long_texts_make_blocks_of_fewer_lines(tmp_path):
    rows = [{"text": "x" * 100_000, "label": "a"} for _ in range(10)]
    streamed = same_as_in_memory(jsonl(tmp_path / "a.jsonl", rows))
    assert streamed.block_sizes == [3, 3, 3, 1]
