"""Readers: every format says the same, and bad input is named with its line."""

import csv
import gzip
import re
import tracemalloc
from pathlib import Path

import pytest

from kewen.data import BadRows, Example, read_examples, read_folder
from kewen.errors import ConfigError, DataError, NotFoundError

ROWS = [("很 好", "pos"), ('a "stray quote', "neg"), ("comma, too", "pos")]

TSV = "text\tlabel\n" + "".join(f"{text}\t{label}\n" for text, label in ROWS)
CSV = 'text,label\n很 好,pos\n"a ""stray quote",neg\n"comma, too",pos\n'
JSONL = (
    '{"text": "很 好", "label": "pos"}\n'
    '{"text": "a \\"stray quote", "label": "neg"}\n'
    '{"label": "pos", "text": "comma, too", "more": 1}\n'
)
FORMATS = [("a.tsv", TSV), ("a.csv", CSV), ("a.jsonl", JSONL)]


def write(folder: Path, name: str, content: str | bytes) -> Path:
    content = content.encode() if isinstance(content, str) else content
    path = folder / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


def pairs(path: Path, **options) -> list[tuple[str, str | None]]:
    return [(e.text, e.label) for e in read_examples(path, **options)]


@pytest.mark.parametrize("packed", ["", ".gz"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize(("name", "content"), FORMATS)
def test_all_formats_give_the_same_rows(
    tmp_path, name, content, packed, line_end, mark
):
    data = mark + content.replace("\n", line_end).encode()
    assert pairs(write(tmp_path, name + packed, data)) == ROWS


def test_columns_are_found_by_name_in_any_order(tmp_path):
    path = write(tmp_path, "a.tsv", "id\ty\ts2\ts1\n7\tpos\tzwei\teins\n")
    (example,) = read_examples(path, text="s1", pair="s2", label="y")
    assert example == Example("eins", "pos", "zwei", line=2)


@pytest.mark.parametrize("positions", [(1, 0), ("1", "0")])
def test_positions_mean_that_there_is_no_header(tmp_path, positions):
    path = write(tmp_path, "a.tsv", "pos\t很好\nneg\t很坏\n")
    text, label = positions
    assert pairs(path, text=text, label=label) == [("很好", "pos"), ("很坏", "neg")]


def test_positions_with_a_header_skip_it_on_request(tmp_path):
    path = write(tmp_path, "a.csv", "label,text\npos,x\n")
    assert pairs(path, text=1, label=0, header=True) == [("x", "pos")]


def test_plain_text_is_one_text_a_line(tmp_path):
    path = write(tmp_path, "a.txt", "eins\n\nzwei\u2028zwei\rzwei\n")
    examples = list(read_examples(path, label=None))
    assert [(e.text, e.line) for e in examples] == [
        ("eins", 1),
        ("zwei\u2028zwei\rzwei", 3),
    ]


def test_label_is_optional_for_prediction(tmp_path):
    path = write(tmp_path, "a.jsonl", '{"text": "x"}\n')
    assert pairs(path, label=None) == [("x", None)]


def test_json_numbers_and_booleans_are_labels(tmp_path):
    lines = '{"text": "x", "label": 1}\n{"text": "y", "label": true}\n'
    assert [label for _, label in pairs(write(tmp_path, "a.jsonl", lines))] == [
        "1",
        "true",
    ]


def test_csv_cells_may_hold_line_ends_and_lines_are_still_counted(tmp_path):
    path = write(tmp_path, "a.csv", 'text,label\n"a\nb",pos\n,neg\nc,pos\n')
    bad = BadRows()
    assert pairs(path, on_bad_row="skip", bad_rows=bad) == [
        ("a\nb", "pos"),
        ("c", "pos"),
    ]
    assert [row.place for row in bad.first] == ["line 4"]


def test_long_csv_cells_are_read(tmp_path):
    long = "字" * 200_000  # beyond the csv module's own limit
    assert pairs(write(tmp_path, "a.csv", f"text,label\n{long},pos\n")) == [
        (long, "pos")
    ]


BAD = [
    ("a.tsv", "text\tlabel\nx\tpos\nonly\ny\tneg\n", 3, "1 columns where 2"),
    ("a.tsv", "text\tlabel\n\tpos\nx\tpos\n", 2, "text is empty"),
    ("a.tsv", "text\tlabel\nx\t \ny\tpos\n", 2, "label is empty"),
    ("a.tsv", "text\tlabel\nx\tstray\tpos\ny\tpos\n", 2, "3 columns where the header"),
    ("a.csv", "text,label\nx,pos\ny\n", 3, "1 columns where 2"),
    ("a.csv", 'text,label\nx,pos\n"y" y,pos\n', 3, "not CSV"),
    ("a.csv", 'text,label\nx,pos\n"open,pos\n', 3, "not CSV"),
    ("a.jsonl", '{"text": "x", "label": "a"}\n["x"]\n', 2, "a JSON object is needed"),
    ("a.jsonl", '{"text": "x", "label": "a"}\n{"text": \n', 2, "not JSON"),
    ("a.jsonl", '{"text": "x", "label": "a"}\n{"text": "y"}\n', 2, "no field 'label'"),
    ("a.jsonl", '{"text": 3, "label": "a"}\n', 1, "must be strings"),
    ("a.jsonl", '{"text": null, "label": "a"}\n', 1, "must be strings"),
    ("a.jsonl", '{"text": "x", "label": null}\n', 1, "label is empty"),
    ("a.jsonl", '{"text": "x", "label": ["a"]}\n', 1, "string or a number"),
    ("a.jsonl", '{"text": "\\ud83d", "label": "a"}\n', 1, "surrogate"),
    ("a.jsonl", "[" * 100_000 + "\n", 1, "not JSON"),
    ("a.jsonl", '{"text": "x", "label": ' + "9" * 5000 + "}\n", 1, "not JSON"),
]


@pytest.mark.parametrize(("name", "content", "line", "reason"), BAD)
@pytest.mark.usefixtures("no_garbage")
def test_bad_row_raises_with_its_line_and_the_way_out(
    tmp_path, name, content, line, reason
):
    path = write(tmp_path, name, content)
    with pytest.raises(DataError, match=f"line {line}: .*{reason}") as caught:
        list(read_examples(path))
    assert "--on-bad-row skip" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("name", "content", "line", "reason"), BAD)
@pytest.mark.usefixtures("no_garbage")
def test_skipped_bad_rows_are_counted_and_listed(tmp_path, name, content, line, reason):
    good = {"a.tsv": "z\tpos\n", "a.csv": "z,pos\n"}
    more = good.get(name, '{"text": "z", "label": "pos"}\n')
    bad = BadRows()
    path = write(tmp_path, name, content + more)
    assert pairs(path, on_bad_row="skip", bad_rows=bad)
    assert bad.count == 1 and reason in bad.first[0].reason
    assert bad.summary().startswith(f"Skipped 1 bad row: line {line}: ")


OPEN = '"a bad film,neg\n'


@pytest.mark.parametrize("place", [0, 3, 102])
@pytest.mark.parametrize(
    "quoted", ["good {}", '"good, {}"', '"good\n{}"', '"a ""{}"""']
)
def test_open_quote_costs_only_its_own_line(tmp_path, place, quoted):
    rows = [f"{quoted if k % 4 else 'good {}'},pos\n".format(k) for k in range(103)]
    expected = [tuple(cells) for cells in csv.reader("".join(rows).splitlines(True))]
    rows.insert(place, OPEN)
    line = 2 + "".join(rows[:place]).count("\n")
    bad = BadRows()
    path = write(tmp_path, "a.csv", "text,label\n" + "".join(rows))
    assert pairs(path, on_bad_row="skip", bad_rows=bad) == expected
    assert len(expected) == 103 and bad.count == 1
    assert bad.first[0].place == f"line {line}"
    assert "a quote stays open here" in bad.first[0].reason


@pytest.mark.parametrize("line", [OPEN, '"""a,neg\n', 'a","b\n', '"a\n', "x,pos\n"])
def test_open_quotes_take_linear_time(tmp_path, line):
    # Read again from every open quote, a file of this size would take many minutes.
    content = "text,label\n" + "x,pos\n" + 'a","b\n' + line * 30_000
    bad = BadRows()
    path = write(tmp_path, "a.csv", content)
    assert ("x", "pos") in pairs(path, on_bad_row="skip", bad_rows=bad)
    assert bad.first[0].place == "line 3"


def test_record_without_end_does_not_fill_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("kewen.data.csv_records.MAX_LINE_CHARS", 1000)
    path = write(tmp_path, "a.csv", "text,label\n" + 'a","b\n' + "x,pos\n" * 10_000)
    records = read_examples(path, on_bad_row="skip")
    tracemalloc.start()
    try:
        assert sum(1 for _ in records) == 10_000
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1 << 19


def test_json_pair_must_be_a_string(tmp_path):
    path = write(tmp_path, "a.jsonl", '{"text": "x", "pair": null}\n')
    with pytest.raises(DataError, match="line 1: text and pair must be strings"):
        list(read_examples(path, pair="pair", label=None))


def test_empty_pair_is_a_bad_row(tmp_path):
    path = write(tmp_path, "a.tsv", "x\t \tpos\n")
    with pytest.raises(DataError, match="line 1: the pair is empty"):
        list(read_examples(path, text=0, pair=1, label=2))


def test_summary_names_the_first_and_counts_the_rest(tmp_path):
    path = write(tmp_path, "a.tsv", "text\tlabel\n" + "bad\n" * 50 + "x\tpos\n")
    bad = BadRows(limit=2)
    list(read_examples(path, on_bad_row="skip", bad_rows=bad))
    assert bad.count == 50 and len(bad.first) == 2
    assert "line 2" in bad.summary() and "and 48 more" in bad.summary()


EMPTY = [
    ("a.tsv", ""),
    ("a.tsv", "text\tlabel\n"),
    ("a.csv", "\n\n"),
    ("a.jsonl", "\n"),
    ("a.jsonl.gz", ""),
]


@pytest.mark.parametrize(("name", "content"), EMPTY)
def test_file_without_examples_is_a_data_error(tmp_path, name, content):
    with pytest.raises(DataError, match="at least one example"):
        list(read_examples(write(tmp_path, name, content)))


def test_file_of_bad_rows_only_says_so(tmp_path):
    path = write(tmp_path, "a.tsv", "text\tlabel\nbad\n")
    with pytest.raises(DataError, match="Skipped 1 bad row: line 2"):
        list(read_examples(path, on_bad_row="skip"))


@pytest.mark.parametrize("name", ["a.tsv", "a.csv"])
def test_missing_column_lists_the_columns_found(tmp_path, name):
    mark = "," if name == "a.csv" else "\t"
    path = write(tmp_path, name, f"sentence{mark}label\nx{mark}pos\n")
    with pytest.raises(DataError, match=r"'sentence', 'label'.*--text 0 --label 1"):
        list(read_examples(path))


def test_wrong_separator_is_guessed(tmp_path):
    with pytest.raises(DataError, match=r"is it a \.csv"):
        list(read_examples(write(tmp_path, "a.tsv", CSV)))
    with pytest.raises(DataError, match=r"is it a \.tsv"):
        list(read_examples(write(tmp_path, "a.csv", TSV)))


def test_column_named_twice_is_refused(tmp_path):
    path = write(tmp_path, "a.csv", "text,text,label\nx,y,pos\n")
    with pytest.raises(DataError, match="2 columns named 'text'"):
        list(read_examples(path))


CHINESE = "这部电影很好看,我非常喜欢它的音乐。"
FOREIGN = [
    (CHINESE.encode("gb18030"), "iconv -f GB18030 -t UTF-8"),
    (b"x\n" * 3000 + CHINESE.encode("gbk"), "line 3001.*GB18030"),
    (("text\tlabel\n" + CHINESE).encode("utf-16"), "iconv -f UTF-16"),
    ("text\tlabel\nabc\tpos".encode("utf-16-le"), "zero bytes.*UTF-16"),
    ((CHINESE + "\n").encode("utf-16-le"), "iconv -f UTF-16LE"),
    (("她说：“走吧。”\t1\r\n" * 900).encode("utf-16-be"), "iconv -f UTF-16BE"),
    ("text\tlabel\nabc\tpos".encode("utf-16-be"), "zero bytes.*UTF-16BE"),
    (("電影很好看" * 30).encode("utf-16-le"), "iconv -f UTF-16LE"),
    ("café \x01 élève, même à Noël".encode("latin-1"), "iconv -f WINDOWS-1252"),
    (("音樂\x1f" + CHINESE).encode("gb18030"), "iconv -f GB18030"),
    (CHINESE.encode("utf-32"), "iconv -f UTF-32"),
    ("Un café très agréable à côté".encode("latin-1"), "iconv -f WINDOWS-1252"),
    ("It cost £15.8m".encode("latin-1"), "iconv -f WINDOWS-1252"),
]


@pytest.mark.parametrize("packed", ["", ".gz"])
@pytest.mark.parametrize(("content", "advice"), FOREIGN)
def test_other_encodings_are_refused_with_advice(tmp_path, content, advice, packed):
    path = write(tmp_path, "a.txt" + packed, content)
    with pytest.raises(DataError, match=f"must be UTF-8.*{advice}"):
        list(read_examples(path, label=None))


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-16le", "big5"])
def test_encoding_may_be_named(tmp_path, encoding):
    path = write(tmp_path, "a.txt", "电影\n音樂\n".encode("gb18030"))
    if encoding != "gb18030":
        path = write(tmp_path, "a.txt", "電影\n音樂\n".encode(encoding))
    texts = [e.text for e in read_examples(path, label=None, encoding=encoding)]
    assert [text[1] for text in texts] == ["影", "樂"]


def test_wrong_named_encoding_is_a_data_error(tmp_path):
    path = write(tmp_path, "a.txt", CHINESE)
    with pytest.raises(DataError, match="not in ascii"):
        list(read_examples(path, label=None, encoding="ascii"))
    with pytest.raises(ConfigError, match="'klingon'"):
        list(read_examples(path, label=None, encoding="klingon"))


@pytest.mark.parametrize("encoding", ["rot13", "hex", "base64"])
def test_codec_that_is_no_encoding_of_text_is_a_config_error(tmp_path, encoding):
    path = tmp_path / "a.tsv"
    path.write_text(TSV, encoding="utf-8")
    with pytest.raises(ConfigError, match=encoding):
        list(read_examples(path, encoding=encoding))


def test_gzip_by_another_name_says_how_to_call_it(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_bytes(gzip.compress(TSV.encode()))
    with pytest.raises(DataError, match=r"Call it a\.tsv\.gz"):
        list(read_examples(path))


def test_truncated_and_corrupt_gzip_are_data_errors(tmp_path):
    whole = gzip.compress(TSV.encode() * 100)
    for content in (whole[:-20], b"no gzip", whole[:20] + b"\xff" * 8 + whole[28:]):
        path = tmp_path / "a.tsv.gz"
        path.write_bytes(content)
        with pytest.raises(DataError, match="sound gzip"):
            list(read_examples(path))


def test_file_without_line_ends_does_not_fill_memory(tmp_path):
    path = tmp_path / "a.txt.gz"
    with gzip.open(path, "wb") as file:
        for _ in range(40):
            file.write(b"x" * (1 << 20))
    with pytest.raises(DataError, match="line 1 is longer"):
        list(read_examples(path, label=None))


def test_memory_does_not_grow_with_the_file(tmp_path):
    line = "字" * 100 + "\tpos\n"
    path = write(tmp_path, "a.tsv", line * 40_000)  # 12 MB
    tracemalloc.start()
    try:
        assert sum(1 for _ in read_examples(path, text=0, label=1)) == 40_000
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20


MISUSED = [
    ("a.xlsx", {}, DataError, "must end in"),
    ("a.txt", {}, DataError, "label=None"),
    ("a.jsonl", {"text": 0}, DataError, "have names, no positions"),
    ("a.tsv", {"text": -1}, ConfigError, "-1"),
    ("a.tsv", {"text": ""}, ConfigError, "''"),
    ("a.tsv", {"header": False}, ConfigError, "positions"),
    ("a.tsv", {"on_bad_row": "ignore"}, ConfigError, "ignore"),
]


@pytest.mark.parametrize(("name", "options", "error", "message"), MISUSED)
def test_misuse_is_refused_before_reading(tmp_path, name, options, error, message):
    path = write(tmp_path, name, "x")
    with pytest.raises(error, match=message):
        read_examples(path, **options)


def test_missing_file_is_refused_at_once(tmp_path):
    with pytest.raises(NotFoundError, match=r"no file .*a\.tsv"):
        read_examples(tmp_path / "a.tsv")
    with pytest.raises(NotFoundError, match="no folder"):
        read_folder(tmp_path / "a")


def class_folders(root: Path) -> Path:
    for name, text in [("b/2", "zwei"), ("b/1", "eins\r\nEins"), ("a/1", "caf\xe9")]:
        path = root / f"{name}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode("latin-1"))
    (root / "a" / "notes.md").write_text("no example")
    (root / "README.txt").write_text("no example")
    (root / ".hidden").mkdir()
    (root / ".hidden" / "1.txt").write_text("no example")
    return root


def test_class_folders_are_read_in_the_order_of_names(tmp_path):
    examples = list(read_folder(class_folders(tmp_path), encoding="latin-1"))
    assert [(e.label, e.text, e.place) for e in examples] == [
        ("a", "café", "a/1.txt"),
        ("b", "eins\nEins", "b/1.txt"),
        ("b", "zwei", "b/2.txt"),
    ]


def test_read_examples_reads_class_folders_too(tmp_path):
    folder = class_folders(tmp_path)
    assert len(list(read_examples(folder, encoding="latin-1"))) == 3


def test_class_folders_are_strict_utf8_unless_named(tmp_path):
    with pytest.raises(DataError, match=r"a/1\.txt must be UTF-8.*WINDOWS-1252"):
        list(read_folder(class_folders(tmp_path)))


def test_each_file_is_read_by_the_first_encoding_that_it_is_in(tmp_path):
    folder = class_folders(tmp_path)
    (folder / "b" / "2.txt").write_text("£2", encoding="utf-8")
    texts = [e.text for e in read_folder(folder, encoding=("utf-8", "latin-1"))]
    assert texts == ["café", "eins\nEins", "£2"]


def test_empty_files_in_class_folders_are_bad_rows(tmp_path):
    (class_folders(tmp_path) / "b" / "3.txt").touch()
    with pytest.raises(DataError, match=r"b/3\.txt: the text is empty"):
        list(read_folder(tmp_path, encoding="latin-1"))


def test_folder_without_class_folders_is_a_data_error(tmp_path):
    with pytest.raises(DataError, match="at least one example"):
        list(read_folder(tmp_path))


def test_50_bad_rows_of_10000_are_counted_and_listed_and_the_rest_is_read(tmp_path):
    bad_lines = range(7, 10_000, 200)
    kinds = ["{broken", '{"text": "x"}', '{"text": 3, "label": "a"}']
    path = tmp_path / "rows.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for number in range(1, 10_001):
            good = f'{{"text": "row {number}", "label": "a"}}'
            line = kinds[number % 3] if number in bad_lines else good
            file.write(line + "\n")
    bad = BadRows()
    examples = list(read_examples(path, on_bad_row="skip", bad_rows=bad))
    assert len(examples) == 9_950 and bad.count == len(bad_lines) == 50
    assert {example.line for example in examples}.isdisjoint(bad_lines)
    said = bad.summary()
    assert said.startswith("Skipped 50 bad rows: line 7: ")
    assert [int(n) for n in re.findall(r"line (\d+)", said)] == list(bad_lines)
