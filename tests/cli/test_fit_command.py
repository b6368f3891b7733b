"""`kewen fit classify`, and what must stop it before it starts."""

import pytest

from kewen.errors import TrainingError


@pytest.fixture
def fit(kewen, tiny, examples, tmp_path):
    """Start a training that must not come to its first step."""

    def run(*arguments, train=None, out=None):
        train, out = train or examples / "train.tsv", out or tmp_path / "clf"
        return kewen(
            "fit", "classify", train, "--model", tiny, "--out", out, *arguments
        )

    return run


def test_fit_leaves_a_model_its_tokenizer_and_a_report(fitted):
    names = {path.name for path in fitted.iterdir()}
    assert {"config.json", "model.safetensors", "kewen.json", "report.html"} <= names
    assert "pos" in (fitted / "report.html").read_text(encoding="utf-8")


def test_fit_says_which_weights_it_saved_and_what_the_batches_cost(fit, monkeypatch):
    from kewen.training import History

    history = History(best_epoch=2, shapes=3, padding_share=0.125)
    monkeypatch.setattr("kewen.tasks.classify.fit", lambda *_, **__: history)
    ended = fit("--max-length", "12")
    assert ended.code == 0
    assert "the weights of epoch 2. 3 batch shapes, 12% padding." in ended.err


def test_a_model_is_saved_beside_a_folder_that_came_while_it_was_trained(
    fit, monkeypatch, tmp_path
):
    from kewen.training import History

    def train_while_another_finishes(*_, **__):
        (tmp_path / "clf").mkdir()
        (tmp_path / "clf" / "precious").touch()
        return History(best_epoch=1, shapes=1, padding_share=0.0)

    monkeypatch.setattr("kewen.tasks.classify.fit", train_while_another_finishes)
    ended = fit("--max-length", "12")
    assert ended.code == 0
    (spare,) = tmp_path.glob("clf-*")
    assert str(spare) in ended.err
    assert (spare / "model.safetensors").exists()
    assert [path.name for path in (tmp_path / "clf").iterdir()] == ["precious"]


def test_fit_refuses_an_existing_folder_before_it_reads_anything(fit, tmp_path):
    out = tmp_path / "clf"
    out.mkdir()
    (out / "precious").touch()
    ended = fit(train=tmp_path / "no such file.tsv")
    assert ended.code == 2
    assert "exists already" in ended.err
    assert "--overwrite" in ended.err
    assert [path.name for path in out.iterdir()] == ["precious"]


def test_fit_refuses_an_existing_report_before_training(fit, tmp_path):
    page = tmp_path / "page.html"
    page.touch()
    ended = fit("--dev", tmp_path / "dev.tsv", "--report", page)
    assert ended.code == 2
    assert f"{page} exists already" in ended.err


@pytest.mark.parametrize(
    "inside", [("--tensorboard", "tb"), ("--report", "pages/r.html")], ids=str
)
def test_fit_refuses_an_output_inside_the_folder_before_training(fit, tmp_path, inside):
    option, place = inside
    ended = fit("--dev", tmp_path / "dev.tsv", option, tmp_path / "clf" / place)
    assert ended.code == 2
    assert f"{option} must lie outside OUT" in ended.err
    assert list(tmp_path.iterdir()) == []


def test_fit_leaves_nothing_behind_when_it_refuses(fit, tmp_path):
    assert fit("--text", "no_such_column").code == 2
    assert list(tmp_path.iterdir()) == []


def test_fit_names_a_missing_column(fit):
    ended = fit("--text", "body")
    assert ended.code == 2
    assert "body" in ended.err
    assert "label" in ended.err


def test_fit_finds_a_fault_of_the_test_file_before_training(fit, tmp_path):
    test = tmp_path / "test.tsv"
    test.write_text("text\tlabel\nthe film\tmaybe\n", encoding="utf-8")
    ended = fit("--test", test)
    assert ended.code == 2
    assert "'maybe' (line 2)" in ended.err
    assert "epoch" not in ended.err


def test_fit_and_evaluate_read_the_encoding_that_is_named(fit, kewen, tmp_path):
    path = tmp_path / "gb.tsv"
    path.write_bytes("text\tlabel\n好\t一\n好\t一\n".encode("gb18030"))
    for ended in (fit(train=path), kewen("evaluate", "no_model", path)):
        assert "must be UTF-8" in ended.err
    assert "'一'" in fit("--encoding", "gb18030", train=path).err  # one class only
    ended = kewen("evaluate", "no_model", path, "--encoding", "gb18030")
    assert "no_model" in ended.err


def test_fit_wants_two_classes(fit, tmp_path):
    train = tmp_path / "one.tsv"
    train.write_text("text\tlabel\ngood\tpos\nfine\tpos\n", encoding="utf-8")
    ended = fit(train=train)
    assert ended.code == 2
    assert "at least two classes" in ended.err


def test_fit_stops_at_a_bad_row_and_says_how_to_go_on(fit, tmp_path):
    train = tmp_path / "bad.tsv"
    train.write_text("text\tlabel\ngood\tpos\nbad\n", encoding="utf-8")
    ended = fit(train=train)
    assert ended.code == 2
    assert "line 3" in ended.err
    assert "--on-bad-row skip" in ended.err


def test_fit_reports_the_bad_rows_that_it_skipped(fit, tmp_path):
    train = tmp_path / "bad.tsv"
    train.write_text("text\tlabel\ngood\tpos\nbad\n", encoding="utf-8")
    ended = fit("--on-bad-row", "skip", train=train)
    assert "Skipped 1 bad row: line 3" in ended.err


BROKEN_OPTIONS = [
    (["--class-weights", "{broken"], "--class-weights must be a JSON object"),
    (["--class-weights", "[1]"], "--class-weights must be a JSON object"),
    (["--learning-rates", '{"block_*": "low"}'], "must give a number"),
    (["--learning-rates", '{"block_*": true}'], "must give a number"),
    (["--patience", "1"], "no --dev"),
    (["--report"], "neither --dev nor --test"),
    (["--epochs", "0"], "--epochs"),
    (["--dtype", "float8"], "--dtype"),
]


@pytest.mark.parametrize(("options", "message"), BROKEN_OPTIONS)
def test_fit_refuses_options_that_cannot_be(fit, options, message):
    ended = fit(*options)
    assert ended.code == 2
    assert message in ended.err
    assert "Traceback" not in ended.err


def test_fit_names_a_model_folder_without_weights(kewen, tiny, examples, tmp_path):
    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").write_bytes((tiny / "config.json").read_bytes())
    train, out = examples / "train.tsv", tmp_path / "clf"
    ended = kewen("fit", "classify", train, "--model", model, "--out", out)
    assert ended.code == 2
    assert "is a model folder without weights" in ended.err


@pytest.mark.parametrize("held_out", [(), ("--dev", "dev.tsv")])
def test_a_training_that_ends_in_no_numbers_leaves_the_old_model(
    fit, examples, tmp_path, held_out
):
    out = tmp_path / "clf"
    out.mkdir()
    (out / "config.json").touch()
    # One step, after which every weight is far beyond what float32 can multiply.
    options = ("--epochs", "1", "--max-length", "12", "--overwrite")
    rate = ("--learning-rate", "1e30", "--warmup", "0")
    files = [examples / each if "." in each else each for each in held_out]
    ended = fit(*files, *options, *rate, out=out)
    assert ended.code == 2
    assert "smaller learning rate" in ended.err
    assert [path.name for path in out.iterdir()] == ["config.json"]


LINE = ("--max-length", "12", "--epochs", "2", "--batch-size", "4")


@pytest.fixture
def killed(fit, examples, monkeypatch):
    """Start a training and end it, after its first epoch, as a kill would."""

    class Killed(BaseException): ...

    def run(*options):
        from kewen.training.watch import Validation

        real = Validation.on_epoch_end

        def second_kills(self, epoch, logs=None):
            if epoch == 1:
                raise Killed
            real(self, epoch, logs)

        with monkeypatch.context() as patch:
            patch.setattr(Validation, "on_epoch_end", second_kills)
            assert fit("--dev", examples / "dev.tsv", *LINE, *options).code == 1

    return run


def weights_in(folder):
    return (folder / "model.safetensors").read_bytes()


def test_the_same_line_goes_on_with_a_killed_training(fit, killed, examples, tmp_path):
    dev = ("--dev", examples / "dev.tsv")
    assert fit(*dev, *LINE, out=tmp_path / "whole").code == 0
    killed()
    assert (tmp_path / "clf.training").is_dir() and not (tmp_path / "clf").exists()
    ended = fit(*dev, *LINE)
    assert ended.code == 0
    assert "Going on from" in ended.err and "epoch 1/2:" not in ended.err
    assert weights_in(tmp_path / "clf") == weights_in(tmp_path / "whole")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["clf", "whole"]


def test_a_line_with_other_settings_is_told_what_differs(
    fit, killed, examples, tmp_path
):
    killed()
    dev, other = ("--dev", examples / "dev.tsv"), ("--learning-rate", "0.1")
    ended = fit(*dev, *LINE, *other)
    assert ended.code == 2
    assert "learning_rate was 5e-05, is 0.1" in ended.err
    assert "--no-resume" in ended.err
    ended = fit(*dev, *LINE, *other, "--no-resume")
    assert ended.code == 0
    assert [each.name for each in tmp_path.iterdir()] == ["clf"]


def test_a_training_that_ends_in_no_numbers_says_how_to_begin_anew(
    fit, examples, monkeypatch, tmp_path
):
    from kewen.training.watch import Validation

    real = Validation.on_epoch_end

    def second_fails(self, epoch, logs=None):
        if epoch == 1:
            raise TrainingError("The loss must be a finite number.")
        real(self, epoch, logs)

    dev = ("--dev", examples / "dev.tsv")
    with monkeypatch.context() as patch:
        patch.setattr(Validation, "on_epoch_end", second_fails)
        ended = fit(*dev, *LINE)
    assert ended.code == 2
    assert "clf.training" in ended.err and "--no-resume" in ended.err
    assert fit(*dev, *LINE, "--learning-rate", "0.01", "--no-resume").code == 0
    assert [each.name for each in tmp_path.iterdir()] == ["clf"]


def test_no_checkpoint_leaves_nothing_beside(killed, tmp_path):
    killed("--no-checkpoint")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def trained_on(monkeypatch):
    """The batches of a training that is not made."""
    from kewen.training import History

    given = []

    def fit(model, batches, **_):
        given.append(batches)
        return History(best_epoch=1)

    monkeypatch.setattr("kewen.tasks.classify.fit", fit)
    return given


def test_a_large_file_stays_on_the_disk(fit, examples, trained_on, monkeypatch):
    from kewen.data import StreamedBatches

    monkeypatch.setattr("kewen.data.streaming.STREAM_BYTES", 100)
    ended = fit("--max-length", "12", train=examples / "test.jsonl")
    assert ended.code == 0
    assert "stays on the disk" in ended.err and "16 examples" in ended.err
    assert type(trained_on[0]) is StreamedBatches


@pytest.mark.parametrize(
    ("option", "streamed"), [("--stream", True), ("--no-stream", False)]
)
def test_streaming_is_as_the_user_says(
    fit, examples, trained_on, monkeypatch, option, streamed
):
    from kewen.data import StreamedBatches

    monkeypatch.setattr("kewen.data.streaming.STREAM_BYTES", 0 if not streamed else 1e9)
    dev = ("--dev", examples / "dev.tsv")
    assert fit("--max-length", "12", option, *dev).code == 0
    assert isinstance(trained_on[0], StreamedBatches) is streamed


def test_bad_rows_of_a_streamed_file_are_listed(fit, trained_on, tmp_path):
    train = tmp_path / "train.tsv"
    train.write_text("text\tlabel\na\tx\n\tx\nb\ty\nc\n", encoding="utf-8")
    options = ("--max-length", "12", "--stream")
    ended = fit(*options, train=train)
    assert ended.code == 2 and "line 3: the text is empty" in ended.err
    ended = fit(*options, "--on-bad-row", "skip", train=train)
    assert ended.code == 0 and "2 examples" in ended.err
    assert "Skipped 2 bad rows: line 3: the text is empty; line 5: 1 col" in ended.err


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("train.jsonl.gz", b"x", "gunzip"),
        ("train.csv", b"text,label\na,b\n", "--no-stream"),
        ("train.jsonl", b"", "at least one example"),
        ("train.jsonl", b'{"text": "a", "label": "b"}', "at least two classes"),
        ("train.jsonl", '{"text": "a"}'.encode("utf-16"), "must be UTF-8"),
    ],
)
def test_what_cannot_be_streamed_is_refused_before_training(
    fit, tmp_path, name, content, message
):
    train = tmp_path / name
    train.write_bytes(content)
    ended = fit("--stream", train=train)
    assert ended.code == 2 and message in ended.err
    assert not (tmp_path / "clf").exists()


def test_a_large_file_that_must_be_read_into_memory_is_named(
    fit, examples, trained_on, monkeypatch
):
    from kewen.data import Batches

    monkeypatch.setattr("kewen.data.streaming.STREAM_BYTES", 100)
    table = examples / "train.csv"
    lines = (examples / "train.tsv").read_text(encoding="utf-8")
    table.write_text(lines.replace("\t", ","), encoding="utf-8")
    ended = fit("--max-length", "12", train=table)
    assert ended.code == 0 and "large and is read into memory" in ended.err
    assert type(trained_on[0]) is Batches
