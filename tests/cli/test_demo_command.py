"""`kewen demo`, without the minutes and the network."""

import pytest

from kewen.tasks import news_demo


@pytest.fixture
def calls(monkeypatch):
    """Stand-in for the work: remembers how it was called."""
    seen = []

    def run_demo(texts, out, *, say, **options):
        seen.append({"texts": list(texts), "out": out, **options})
        say("a line of the story")
        return "accuracy=1.0000 macro_f1=1.0000 seconds=0"

    monkeypatch.setattr(news_demo, "run_demo", run_demo)
    return seen


def test_demo_hands_its_options_on_and_ends_with_the_figures(kewen, calls, tmp_path):
    out = tmp_path / "out"
    ended = kewen("demo", "a text", "--out", out, "--seed", "2", "--limit", "50")
    assert ended.code == 0
    assert ended.out.splitlines()[-1] == "accuracy=1.0000 macro_f1=1.0000 seconds=0"
    (call,) = calls
    assert (call["texts"], call["out"]) == (["a text"], out)
    assert (call["seed"], call["limit"], call["epochs"]) == (2, 50, news_demo.EPOCHS)


def test_demo_has_sentences_of_its_own(kewen, calls, tmp_path):
    kewen("demo", "--out", tmp_path / "out")
    assert len(calls[0]["texts"]) == 3


@pytest.mark.parametrize("name", ["report.html", "model/config.json"])
def test_demo_refuses_what_is_there_before_it_starts(kewen, calls, tmp_path, name):
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.touch()
    ended = kewen("demo", "--out", tmp_path)
    assert (ended.code, calls) == (2, [])
    assert "exists already" in ended.err
