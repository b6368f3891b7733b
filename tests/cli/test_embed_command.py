"""`kewen embed`: vectors to files of both kinds."""

import json
import shutil

import numpy as np
import pytest

TEXTS = ["the film was good", "很好"]


@pytest.fixture(scope="module")
def vectors(tiny):
    """Mean-pooled vectors by the library itself, (2, C)."""
    from kewen.models import load
    from kewen.tasks import Embedder

    return Embedder(load(tiny)).embed(TEXTS)


def test_embed_writes_lines_that_give_the_same_float32_back(kewen, tiny, vectors):
    ended = kewen("embed", tiny, *TEXTS)
    records = [json.loads(line) for line in ended.out.splitlines()]
    assert [record["text"] for record in records] == TEXTS
    written = np.array([record["embedding"] for record in records], np.float32)
    np.testing.assert_allclose(written, vectors, atol=1e-6)


def test_embed_writes_normalised_vectors_as_npz(kewen, tiny, vectors, tmp_path):
    source, out = tmp_path / "texts.txt", tmp_path / "vectors.npz"
    source.write_text("\n".join(TEXTS) + "\n", encoding="utf-8")
    ended = kewen("embed", tiny, "--input", source, "--normalize", "--out", out)
    assert (ended.code, ended.out) == (0, "")
    with np.load(out, allow_pickle=False) as arrays:
        written = arrays["embeddings"]
    assert written.dtype == np.float32
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    np.testing.assert_allclose(written, vectors / lengths, atol=1e-6)


REFUSED = [
    (["good", "--out", "vectors.csv"], ".npz"),
    (["good", "--pooling", "sum"], "--pooling"),
    (["good", "--max-length", "1000"], "max_length"),
    (["--input", "no such.txt"], "no such.txt"),
    (["good", "--input", "texts.txt"], "both"),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED)
def test_embed_refuses_what_cannot_be(
    kewen, tiny, tmp_path, monkeypatch, arguments, message
):
    monkeypatch.chdir(tmp_path)
    ended = kewen("embed", tiny, *arguments)
    assert ended.code == 2
    assert message in ended.err
    assert list(tmp_path.iterdir()) == []


def test_embed_reads_other_encodings_and_leaves_bad_rows_out(kewen, tiny, tmp_path):
    file = tmp_path / "texts.csv"
    file.write_bytes('text,n\n很好,1\n"broken,2\ngood,3\n'.encode("gb18030"))
    refused = kewen("embed", tiny, "--input", file)
    assert (refused.code, "--encoding" in refused.err) == (2, True)
    done = kewen(
        *("embed", tiny, "--input", file),
        *("--encoding", "gb18030", "--on-bad-row", "skip"),
    )
    assert (done.code, len(done.out.splitlines())) == (0, 2)
    assert "line 3" in done.err


def test_openvino_embeds_as_keras_does(kewen, tiny, vectors, tmp_path):
    pytest.importorskip("openvino", reason="needs the extra [export]")
    shutil.copytree(tiny, tmp_path / "tiny")  # the export is kept in it
    ended = kewen("embed", tmp_path / "tiny", *TEXTS, "--engine", "openvino")
    records = [json.loads(line) for line in ended.out.splitlines()]
    written = np.array([record["embedding"] for record in records])
    # In bfloat16 where the processor has it.
    np.testing.assert_allclose(written, vectors, atol=0.05 * np.abs(vectors).max())
    assert "differ from float32 by at most" in ended.err
