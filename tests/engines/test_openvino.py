"""OpenVINO's answers against Keras', and when an export is made, kept and found."""

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from kewen.engines import check_engine
from kewen.engines.openvino_export import GRAPH, PREFIX, PROBE
from kewen.errors import ConfigError, EngineError
from kewen.models import load
from kewen.tasks import Embedder, TextClassifier

pytest.importorskip("openvino", reason="needs the extra [export]")

TEXTS = [
    "good",
    "the film was a film was a film was bad",
    "a book was fine",
    "很好",
    "the film was the book was awful",
]


@pytest.fixture(scope="module")
def exported(folder, tmp_path_factory):
    """A copy of the model's folder with the export of mean-pooled vectors in it."""
    copy = tmp_path_factory.mktemp("exported") / "model"
    shutil.copytree(folder, copy)
    embedder(copy).embed(TEXTS[:1])
    return copy


@pytest.fixture
def copied(exported, tmp_path):
    shutil.copytree(exported, tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def drawings(monkeypatch):
    """Counts exports, which run as ever."""
    import kewen.engines.openvino_export as module

    calls = []
    draw = module.draw_elsewhere

    def counted(backend, module, source, target):
        calls.append(target)
        draw(backend, module, source, target)

    monkeypatch.setattr(module, "draw_elsewhere", counted)
    return calls


def embedder(folder, dtype="float32", **options):
    return Embedder(load(folder), engine="openvino", engine_dtype=dtype, **options)


def exports_in(folder):
    return sorted(folder.glob(f"{PREFIX}*"))


@pytest.mark.parametrize("batch_size", [1, 2, 64])
def test_vectors_are_keras_own_at_every_length_and_batch(exported, batch_size):
    wanted = Embedder(load(exported)).embed(TEXTS)
    found = embedder(exported, batch_size=batch_size).embed(TEXTS)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, wanted, atol=2e-5)


def test_many_batches_at_a_time_come_back_in_the_order_of_the_texts(exported):
    texts = [TEXTS[i % len(TEXTS)] for i in range(101)]
    found = embedder(exported, batch_size=3).embed(texts)
    np.testing.assert_allclose(found, Embedder(load(exported)).embed(texts), atol=2e-5)


def test_a_kept_export_is_found_and_a_first_one_is_made_beside_the_model(
    folder, exported, tmp_path, drawings
):
    shutil.copytree(folder, tmp_path / "model")
    first = embedder(tmp_path / "model")
    vectors = first.embed(TEXTS)
    assert len(drawings) == 1
    assert [each.name for each in exports_in(tmp_path / "model")] == [
        each.name for each in exports_in(exported)
    ]
    again = embedder(tmp_path / "model")
    np.testing.assert_array_equal(again.embed(TEXTS), vectors)
    assert len(drawings) == 1
    assert "kept in" in again.engine.report


def test_the_folder_still_loads_with_an_export_in_it(exported):
    assert load(exported).account.is_complete


def test_bfloat16_is_near_and_its_difference_is_reported(exported):
    from kewen.engines.openvino_engine import OpenVinoEngine

    low = embedder(exported, "bfloat16")
    wanted = Embedder(load(exported)).embed(TEXTS)
    found = low.embed(TEXTS)
    # bfloat16 has 8 bits; a processor without it may be given float32 by OpenVINO.
    assert np.abs(found - wanted).max() < 0.05 * np.abs(wanted).max()
    engine = low.engine
    assert isinstance(engine, OpenVinoEngine)
    assert engine.difference is not None
    assert 0 < engine.difference < 0.05 * np.abs(wanted).max()
    assert f"{engine.difference:.2g}" in engine.report
    assert "bfloat16" in engine.report


def test_other_weights_are_never_answered_by_an_old_export(copied, drawings):
    low = embedder(copied)
    before = low.embed(TEXTS)
    assert drawings == []
    offset = low.model.trainable_weights[-1]  # of the last norm
    offset.assign(offset + 0.3)
    after = low.embed(TEXTS)
    assert len(drawings) == 1
    np.testing.assert_allclose(after - before, 0.3, atol=2e-5)
    np.testing.assert_allclose(
        after, low.model.predict_on_batch(rows_of(low)), atol=2e-5
    )
    assert len(exports_in(copied)) == 2


def rows_of(low):
    rows = low.tokenizer(TEXTS, max_length=low.max_length)
    return {name: rows[name] for name in (t.name for t in low.model.inputs)}


def test_a_damaged_export_is_made_again(copied, drawings):
    [kept] = exports_in(copied)
    (kept / GRAPH).write_bytes((kept / GRAPH).read_bytes()[:500])
    wanted = Embedder(load(copied)).embed(TEXTS)
    np.testing.assert_allclose(embedder(copied).embed(TEXTS), wanted, atol=2e-5)
    assert len(drawings) == 1


def _array(path):
    with path.open("wb") as file:
        np.save(file, np.zeros(3))


SPOIL = {
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:20]),
    "one array": _array,
    "no answer": lambda path: np.savez(path, other=np.zeros(3)),
    "empty": lambda path: path.write_bytes(b""),
}


@pytest.mark.parametrize("spoil", SPOIL.values(), ids=SPOIL)
def test_an_export_with_a_damaged_probe_is_made_again(copied, drawings, spoil):
    [kept] = exports_in(copied)
    spoil(kept / PROBE)
    wanted = Embedder(load(copied)).embed(TEXTS)
    np.testing.assert_allclose(embedder(copied).embed(TEXTS), wanted, atol=2e-5)
    assert len(drawings) == 1


def test_an_export_that_answers_otherwise_is_not_used(copied, drawings):
    [kept] = exports_in(copied)
    weights = np.fromfile(kept / "model.bin", "float32")
    (weights * 2).tofile(kept / "model.bin")
    wanted = Embedder(load(copied)).embed(TEXTS)
    np.testing.assert_allclose(embedder(copied).embed(TEXTS), wanted, atol=2e-5)
    assert len(drawings) == 1


@pytest.mark.parametrize("cache_too", [False, True])
def test_a_folder_that_cannot_be_written_to_falls_back(
    folder, tmp_path, monkeypatch, cache_too
):
    import kewen.engines.openvino_export as module

    shutil.copytree(folder, tmp_path / "model")
    cache = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    atomic = module.atomic_folder

    def refusing(path, **options):
        if cache_too or path.parent == tmp_path / "model":
            raise module.FileError("read-only")
        return atomic(path, **options)

    monkeypatch.setattr(module, "atomic_folder", refusing)
    low = embedder(tmp_path / "model")
    wanted = Embedder(load(folder)).embed(TEXTS)
    np.testing.assert_allclose(low.embed(TEXTS), wanted, atol=2e-5)
    assert exports_in(tmp_path / "model") == []
    assert ("memory only" in low.engine.report) is cache_too
    assert len(exports_in(cache / "kewen" / "exports")) == (0 if cache_too else 1)


def test_a_classifier_labels_as_keras_does_before_and_after_training(folder):
    from toy import LABELLED

    from kewen.data import Example

    examples = [Example(text=text, label=label) for text, label in LABELLED]
    texts = [example.text for example in examples]
    classifier = TextClassifier(
        load(folder),
        labels=["neg", "pos"],
        max_length=8,
        engine="openvino",
        engine_dtype="float32",
    )
    for _ in range(2):
        found = [answer.probabilities["pos"] for answer in classifier.predict(texts)]
        rows = classifier.tokenizer(texts, max_length=8)
        logits = classifier.logits_model.predict_on_batch(
            {name: rows[name] for name in classifier.pretrained.model.inputs_by_name}
        )
        wanted = 1 / (1 + np.exp(logits[:, 0] - logits[:, 1]))
        np.testing.assert_allclose(found, wanted, atol=1e-4)
        scores = classifier.evaluate(examples)
        truth = np.array([example.label == "pos" for example in examples])
        assert scores.accuracy == (logits.argmax(-1) == truth).mean()
        classifier.fit(
            examples, epochs=1, learning_rate=1e-2, batch_size=16, progress=False
        )


def test_a_model_in_another_dtype_is_refused(folder):
    low = Embedder(load(folder, dtype="bfloat16"), engine="openvino")
    with pytest.raises(ConfigError, match="engine_dtype"):
        low.embed(TEXTS)


def test_a_child_that_fails_is_told_in_one_line(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    shutil.copytree(folder, tmp_path / "model")
    with pytest.raises(EngineError, match="engine='keras'"):
        embedder(tmp_path / "model").embed(TEXTS)
    assert exports_in(tmp_path / "model") == []


@pytest.mark.parametrize(
    ("engine", "dtype", "said"),
    [
        ("onnx", None, "'onnx'"),
        ("openvino", "float16", "'float16'"),
        ("keras", "bfloat16", "kewen.load"),
    ],
)
def test_engines_that_are_not_there_are_refused(engine, dtype, said):
    with pytest.raises(ConfigError, match=said):
        check_engine(engine, dtype)


def test_nothing_is_sent_to_openvinos_maker(exported, tmp_path):
    program = (
        "import os, sys\n"
        "import kewen\n"
        "os.fork = lambda: sys.exit('forks')\n"
        "embedder = kewen.tasks.Embedder(kewen.load(sys.argv[1]), engine='openvino')\n"
        "embedder.embed(['good'])\n"
        "assert sys.modules['openvino']\n"
        "assert sys.modules['openvino_telemetry'] is None\n"
    )
    home = {**os.environ, "HOME": str(tmp_path)}
    command = [sys.executable, "-c", program, str(exported)]
    subprocess.run(command, env=home, check=True, timeout=300)
    assert not (tmp_path / "intel").exists()  # where it notes who it told
