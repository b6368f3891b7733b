"""`kewen fit generate`, and what must stop it before it starts."""

import json

import pytest
from writers import letters_tokenizer, reversals, writer_of


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A folder of models, one of each kind, and of files of the reversing task."""
    folder = tmp_path_factory.mktemp("writers")
    tokenizer = letters_tokenizer(folder)
    for kind in ("decoder", "unilm"):
        writer_of(kind, tokenizer, scale=2.0).save(folder / kind)
    plain = writer_of("unilm", tokenizer).pretrained
    plain.model = plain.model.redrawn(application="encoder")
    plain.save(folder / "encoder")
    for name, names in {"pairs": ("prompt", "answer"), "texts": ("text", "x")}.items():
        lines = [
            json.dumps(dict(zip(names, (each.text, each.pair), strict=True)))
            for each in reversals()
        ]
        (folder / f"{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


@pytest.fixture
def fit(kewen, files, tmp_path):
    def run(*arguments, model="unilm", train="pairs.jsonl"):
        return kewen(
            "fit", "generate", files / train, "--model", files / model,
            "--out", tmp_path / "writer", *arguments,
        )  # fmt: skip

    return run


LINE = ("--epochs", "30", "--learning-rate", "5e-3")


def test_a_writer_that_was_fitted_answers_on_the_command_line(
    fit, kewen, files, tmp_path
):
    ended = fit("--dev", files / "pairs.jsonl", *LINE)
    assert ended.code == 0
    assert "Saved" in ended.err and "epoch 30/30" in ended.err
    assert [path.name for path in tmp_path.iterdir()] == ["writer"]
    answer = kewen("generate", tmp_path / "writer", "a b c =", "--max-new-tokens", "5")
    assert (answer.code, answer.out) == (0, "c b a\n")


def test_an_encoder_becomes_a_writer_by_an_option(fit):
    ended = fit(model="encoder")
    assert ended.code == 2 and "--application unilm" in ended.err
    ended = fit("--application", "unilm", "--epochs", "1", model="encoder")
    assert ended.code == 0


@pytest.mark.parametrize(
    ("options", "train", "message"),
    [
        (("--patience", "1"), "pairs.jsonl", "no --dev"),
        (("--text", "q"), "pairs.jsonl", "no field 'q'"),
        ((), "texts.jsonl", "--target on the command line"),
        (("--max-length", "33"), "pairs.jsonl", "from 3 to 32"),
        (("--tensorboard", "writer/tb"), "pairs.jsonl", "must lie outside OUT"),
        ((), "nothing.jsonl", "There is no file"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing_behind(
    fit, tmp_path, monkeypatch, options, train, message
):
    monkeypatch.chdir(tmp_path)
    ended = fit(*options, train=train)
    assert ended.code == 2 and message in ended.err
    assert list(tmp_path.iterdir()) == []


def test_the_same_line_goes_on_with_a_killed_training(
    fit, files, monkeypatch, tmp_path
):
    class Killed(BaseException): ...

    from kewen.training.watch import Validation

    real = Validation.on_epoch_end

    def second_kills(self, epoch, logs=None):
        if epoch == 1:
            raise Killed
        real(self, epoch, logs)

    line = ("--dev", files / "pairs.jsonl", "--epochs", "2", "--batch-size", "32")
    with monkeypatch.context() as patch:
        patch.setattr(Validation, "on_epoch_end", second_kills)
        assert fit(*line).code == 1
    ended = fit(*line)
    assert ended.code == 0 and "Going on from" in ended.err
    assert "epoch 1/2:" not in ended.err
    assert [path.name for path in tmp_path.iterdir()] == ["writer"]


def test_a_classifier_is_not_asked_of_a_writer(kewen, files):
    ended = kewen("predict", files / "unilm", "a")
    assert ended.code == 2 and "kewen generate" in ended.err
