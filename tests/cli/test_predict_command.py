"""`kewen predict` and `kewen evaluate` on a saved classifier."""

import json
import shutil

import pytest


def lines_of(text):
    return [json.loads(line) for line in text.splitlines()]


def test_predict_prints_a_record_for_each_text_and_nothing_else(kewen, fitted):
    ended = kewen("predict", fitted, "the film was good", "a book was awful")
    records = lines_of(ended.out)
    assert [list(record) for record in records] == [
        ["text", "label", "probability", "probabilities"]
    ] * 2
    assert [record["label"] for record in records] == ["pos", "neg"]
    assert records[0]["text"] == "the film was good"
    for record in records:
        assert record["probability"] == max(record["probabilities"].values())
        assert sum(record["probabilities"].values()) == pytest.approx(1)


def test_predict_reads_and_writes_files(kewen, fitted, examples, tmp_path):
    output = tmp_path / "answers.jsonl"
    source = examples / "dev.tsv"
    ended = kewen("predict", fitted, "--input", source, "--output", output)
    assert (ended.code, ended.out) == (0, "")
    assert len(lines_of(output.read_text(encoding="utf-8"))) == 16
    again = kewen("predict", fitted, "--input", source, "--output", output)
    assert again.code == 2
    assert "--overwrite" in again.err


def test_predict_leaves_bad_rows_out_and_says_so(kewen, fitted, tmp_path):
    source = tmp_path / "new.tsv"
    source.write_bytes(
        "text\tn\nthe film was good\t1\n\t2\ncafé\t3\n".encode("latin-1")
    )
    ended = kewen("predict", fitted, "--input", source)
    assert ended.code == 2
    assert "--encoding windows-1252" in ended.err
    options = ("--encoding", "windows-1252", "--on-bad-row", "skip")
    ended = kewen("predict", fitted, "--input", source, *options)
    assert ended.code == 0
    assert [each["text"] for each in lines_of(ended.out)] == [
        "the film was good",
        "café",
    ]
    assert "Skipped 1 bad row: line 3: the text is empty" in ended.err


def test_predict_wants_texts_or_a_file(kewen, fitted):
    ended = kewen("predict", fitted)
    assert ended.code == 2
    assert "--input FILE" in ended.err


def test_evaluate_prints_the_tables(kewen, fitted, examples):
    ended = kewen("evaluate", fitted, examples / "test.jsonl")
    assert "accuracy=1.0000 macro_f1=1.0000" in ended.out
    assert "precision" in ended.out


def test_evaluate_gives_json_and_a_report(kewen, fitted, examples, tmp_path):
    page = tmp_path / "report.html"
    file = examples / "test.jsonl"
    ended = kewen("evaluate", fitted, file, "--json", "--report", page)
    scores = json.loads(ended.out)
    assert scores["texts"] == 16
    assert scores["confusion"] == [[8, 0], [0, 8]]
    assert scores["classes"]["pos"]["support"] == 8
    assert "</html>" in page.read_text(encoding="utf-8")


def test_evaluate_names_a_label_that_training_lacked(kewen, fitted, tmp_path):
    file = tmp_path / "new.tsv"
    file.write_text("text\tlabel\nthe film\tmaybe\n", encoding="utf-8")
    ended = kewen("evaluate", fitted, file)
    assert ended.code == 2
    assert "'maybe' (line 2)" in ended.err
    assert str(file) in ended.err


def test_predict_refuses_a_model_without_a_classifier(kewen, tiny):
    ended = kewen("predict", tiny, "good")
    assert ended.code == 2
    assert "kewen fit classify" in ended.err


def test_openvino_predicts_and_evaluates_as_keras_does(
    kewen, fitted, examples, tmp_path
):
    pytest.importorskip("openvino", reason="needs the extra [export]")
    shutil.copytree(fitted, tmp_path / "clf")  # the export is kept in it
    texts = ["the film was good", "a book was awful"]
    engine = ("--engine", "openvino", "--dtype", "float32")
    wanted = lines_of(kewen("predict", fitted, *texts).out)
    ended = kewen("predict", tmp_path / "clf", *texts, *engine)
    for record, other in zip(lines_of(ended.out), wanted, strict=True):
        assert record["label"] == other["label"]
        assert record["probability"] == pytest.approx(other["probability"], abs=1e-4)
    assert "differ from float32 by at most" in ended.err
    file = examples / "test.jsonl"
    wanted = kewen("evaluate", fitted, file, "--json").out
    ended = kewen("evaluate", tmp_path / "clf", file, "--json", *engine)
    assert json.loads(ended.out) == json.loads(wanted)
    assert "kept in" in ended.err


def test_a_missing_engine_is_said_before_the_model_loads(kewen, fitted, monkeypatch):
    monkeypatch.setattr("kewen.engines.choosing.find_spec", lambda name: None)
    ended = kewen("predict", fitted, "good", "--engine", "openvino")
    assert (ended.code, "[export]" in ended.err) == (2, True)
