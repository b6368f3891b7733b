"""Corpora of every kind give the texts in them, and say what is wrong where."""

import gzip
import json
import os

import pytest

from kewen.errors import ConfigError, DataError, NotFoundError
from kewen.mining.corpus import chunks_of

TEXTS = ["第一行", "second line", "三\u2028仍是三", "四 " * 30, "\ufeff五", "a\rb"]
RAW = (
    "第一行\n\n   \r\nsecond line\r\n三\u2028仍是三\n" + "四 " * 30 + "\n\ufeff五\na\rb"
)


def texts_of(corpus, **options):
    return [text for chunk in chunks_of(corpus, **options) for text in chunk.texts()]


def jsonl(texts, field="text"):
    lines = (json.dumps({field: text, "n": 1}) for text in texts)
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("chunk_bytes", [1, 7, 64, 1 << 22])
@pytest.mark.parametrize("name", ["c.txt", "c.data", "c.txt.gz"])
def test_a_text_is_a_line_wherever_chunks_end(tmp_path, name, chunk_bytes):
    path = tmp_path / name
    content = RAW.encode()
    path.write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    assert texts_of(path, chunk_bytes=chunk_bytes) == TEXTS
    path.write_bytes(
        gzip.compress(b"\xef\xbb\xbf" + content)
        if name.endswith("gz")
        else b"\xef\xbb\xbf" + content
    )
    assert texts_of(path, chunk_bytes=chunk_bytes) == TEXTS


@pytest.mark.parametrize("chunk_bytes", [1, 100, 1 << 22])
@pytest.mark.parametrize("packed", [False, True])
def test_a_field_of_json_lines_is_a_text(tmp_path, packed, chunk_bytes):
    path = tmp_path / ("c.jsonl.gz" if packed else "c.jsonl")
    texts = [*TEXTS, "with\nline end"]
    content = jsonl(texts, "body").encode()
    path.write_bytes(gzip.compress(content) if packed else content)
    assert texts_of(path, text="body", chunk_bytes=chunk_bytes) == texts


def test_a_cell_of_a_table_is_a_text(tmp_path):
    (tmp_path / "c.tsv").write_text("label\ttext\n1\t好\n0\t差\n", "utf-8")
    (tmp_path / "c.csv").write_text('label,text\n1,"两\n行"\n', "utf-8")
    assert texts_of(tmp_path / "c.tsv") == ["好", "差"]
    assert texts_of(tmp_path / "c.csv", chunk_bytes=1) == ["两\n行"]


def test_a_folder_gives_its_files_in_order_of_names(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "2.txt").write_text("二\n", "utf-8")
    (tmp_path / "a.jsonl").write_text(jsonl(["一"]), "utf-8")
    (tmp_path / "c.txt.gz").write_bytes(gzip.compress("三".encode()))
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    (tmp_path / ".hidden.txt").write_text("x\n")
    assert texts_of(tmp_path) == ["一", "二", "三"]


def test_small_files_travel_together_and_keep_their_places(tmp_path):
    for number in range(300):
        (tmp_path / f"{number:03}.txt").write_text(f"\n{number}\n")
    chunks = list(chunks_of(tmp_path))
    assert len(chunks) == 1
    assert chunks[0].texts() == list(map(str, range(300)))
    assert chunks[0].place(17) == f"{tmp_path / '017.txt'}, line 2"
    sizes = [len(c.texts()) for c in chunks_of(tmp_path, chunk_bytes=50)]
    assert sum(sizes) == 300 and max(sizes) > 1 and len(sizes) > 20


def test_chunks_of_a_large_file_shrink_towards_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr("kewen.mining.corpus.FEWEST_BYTES", 100)
    (tmp_path / "c.txt").write_text("0123456789\n" * 5000)
    sizes = [chunk.size for chunk in chunks_of(tmp_path / "c.txt")]
    assert sum(sizes) == 55_000
    assert sizes[0] > 20 * sizes[-1]
    assert sizes[:-1] == sorted(sizes[:-1], reverse=True)


def test_texts_come_from_any_iterable():
    texts = (str(number) for number in range(100))
    assert texts_of(texts, chunk_bytes=10) == list(map(str, range(100)))
    assert texts_of(["", " \n", "x"]) == ["x"]


def test_other_encodings_are_read_when_named(tmp_path):
    path = tmp_path / "c.txt"
    path.write_bytes("课文\n第二\n".encode("gb18030"))
    assert texts_of(path, encoding="gb18030", chunk_bytes=1) == ["课文", "第二"]
    with pytest.raises(DataError, match=r"GB18030"):
        texts_of(path)
    path.write_text("课文\n\n第二\r\n", "utf-16")
    assert texts_of(path, encoding="utf-16", chunk_bytes=1) == ["课文", "第二"]
    with pytest.raises(DataError, match="--encoding utf-16"):
        texts_of(path)
    with pytest.raises(ConfigError, match="utf-9"):
        chunks_of(path, encoding="utf-9")


@pytest.mark.parametrize("chunk_bytes", [8, 1 << 22])
@pytest.mark.parametrize("name", ["c.txt", "c.txt.gz"])
def test_the_line_that_is_no_utf_8_is_named(tmp_path, name, chunk_bytes):
    content = "一\n二\n".encode() * 5 + "中文".encode("gb18030") + b"\n"
    path = tmp_path / name
    path.write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    with pytest.raises(DataError, match="line 11"):
        texts_of(path, chunk_bytes=chunk_bytes)


@pytest.mark.parametrize("chunk_bytes", [8, 1 << 22])
@pytest.mark.parametrize(
    ("line", "reason"), [("{", "not JSON"), ('{"n": 1}', "no field"), ("[]", "object")]
)
def test_the_line_that_holds_no_text_is_named(tmp_path, line, reason, chunk_bytes):
    path = tmp_path / "c.jsonl"
    path.write_text(jsonl(["一", "二", "三"]) + "\n" + line + "\n" + jsonl(["四"]))
    with pytest.raises(DataError, match=f"line 5: .*{reason}"):
        texts_of(path, chunk_bytes=chunk_bytes)


@pytest.mark.parametrize("chunk_bytes", [5, 1 << 22])
def test_places_are_line_numbers(tmp_path, chunk_bytes):
    path = tmp_path / "c.txt"
    path.write_text("\n一\n\n\n二\n三", "utf-8")
    places = [
        chunk.place(index)
        for chunk in chunks_of(path, chunk_bytes=chunk_bytes)
        for index, _ in enumerate(chunk.texts())
    ]
    assert places == [f"{path}, line {number}" for number in (2, 5, 6)]


def test_what_is_not_there_is_said_at_once(tmp_path):
    with pytest.raises(NotFoundError, match="no file or folder"):
        chunks_of(tmp_path / "nothing")
    with pytest.raises(DataError, match=r"Received: none"):
        chunks_of(tmp_path)


def test_what_is_no_text_is_named():
    with pytest.raises(DataError, match="Received: 3 as text 1"):
        texts_of(["a", 3])
    with pytest.raises(DataError, match=r"Received: None.*list of strings"):
        chunks_of(None)


def test_nothing_below_a_folder_is_left_out_in_silence(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("a\n")
    (tmp_path / "closed").mkdir()
    scan = os.scandir

    def closed(folder):
        if str(folder).endswith("closed"):  # chmod does not stop root
            raise PermissionError(13, "Permission denied", str(folder))
        return scan(folder)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", closed)
        with pytest.raises(DataError, match=r"closed cannot be read.*denied"):
            chunks_of(tmp_path)
    (tmp_path / "b.txt").symlink_to(tmp_path / "gone")
    with pytest.raises(DataError, match=r"b\.txt must be a file.*link to nothing"):
        chunks_of(tmp_path)


def test_a_pipe_is_no_corpus(tmp_path):
    os.mkfifo(tmp_path / "c.txt")
    with pytest.raises(DataError, match=r"must be a file or a folder.*pipe"):
        chunks_of(tmp_path / "c.txt")


def test_a_damaged_gzip_is_named(tmp_path):
    path = tmp_path / "c.txt.gz"
    path.write_bytes(gzip.compress(b"a\n" * 5000)[:-12])
    with pytest.raises(DataError, match=r"sound gzip"):
        texts_of(path)
    (tmp_path / "c.txt").write_bytes(gzip.compress(b"a\n"))
    with pytest.raises(DataError, match="gzipped"):
        texts_of(tmp_path / "c.txt")


def test_a_file_without_line_ends_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("kewen.mining.corpus.MAX_LINE_CHARS", 10)
    (tmp_path / "c.txt").write_text("x" * 100)
    with pytest.raises(DataError, match="must have lines"):
        texts_of(tmp_path / "c.txt", chunk_bytes=8)


def test_linked_folders_are_read_each_once_and_loops_end(tmp_path):
    (tmp_path / "else").mkdir()
    (tmp_path / "else" / "e.txt").write_text("外部\n", "utf-8")
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "a.txt").write_text("里面\n", "utf-8")
    (corpus / "link").symlink_to(tmp_path / "else")
    (corpus / "again").symlink_to(tmp_path / "else")
    (tmp_path / "else" / "loop").symlink_to(corpus)
    assert texts_of(corpus) == ["里面", "外部"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", '{"text": ""}\n{"text": "好"}\n{"text": " "}\n'),
        ("a.ndjson", '{"text": ""}\n{"text": "好"}\n{"text": " "}\n'),
        ("a.csv", 'text,n\n"",1\n好,2\n,3\n'),
        ("a.tsv", "text\tn\n\t1\n好\t2\n"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_rows_without_a_text_are_left_out_as_blank_lines_are(
    tmp_path, name, content, encoding
):
    (tmp_path / name).write_text(content, encoding)
    assert texts_of(tmp_path / name, encoding=encoding) == ["好"]


def test_a_bad_row_of_a_table_names_its_line_and_no_option_that_is_not_there(tmp_path):
    (tmp_path / "a.csv").write_text("text,n\n好,2\n一,2,3\n", "utf-8")
    with pytest.raises(DataError, match="line 3: 3 columns") as caught:
        texts_of(tmp_path / "a.csv")
    assert "on-bad-row" not in str(caught.value)


def test_half_a_character_is_found_in_its_text():
    with pytest.raises(DataError, match="at 2 of text 1000"):
        texts_of(["你好"] * 1000 + ["a \ud83d b"])
