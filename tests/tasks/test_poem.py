"""Form, acrostic and rhyme are certain, whatever the model thinks."""

import itertools
import random

import numpy as np
import pytest

from kewen.errors import ConfigError, DataError
from kewen.models import Backbone
from kewen.models.llama import LlamaConfig
from kewen.models.pretrained import Pretrained
from kewen.models.save import save_pretrained
from kewen.poems import FORMS, SHIPPED, Form, Layout, Rhymes
from kewen.tasks import PoemWriter
from kewen.training import seeded

CHARACTERS = "春夏秋冬明月江山风花雪夜东中空红同公人天不一水云白日青来去归"
RHYMES = Rhymes({"东": "东中空红同公", "江": "江"}, {"东": "平", "江": "平"})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A writer that has learnt nothing."""
    place = tmp_path_factory.mktemp("poems")
    tokens = Layout.tokens_for(CHARACTERS, RHYMES.members)
    (place / "vocab.txt").write_text("\n".join(tokens), "utf-8")
    config = LlamaConfig(
        vocabulary_size=len(tokens),
        hidden_dim=8,
        num_layers=1,
        num_heads=2,
        intermediate_dim=8,
        max_length=256,
        initializer_range=1.0,
        tie_embeddings=True,
    )
    with seeded(0):
        model = Backbone(config, heads=["language_model"])
    save_pretrained(
        Pretrained(model=model),
        place / "writer",
        format="hf",
        overwrite=False,
        config_json={"eos_token_id": 3},
        copies=[place / "vocab.txt"],
    )
    RHYMES.save(place / "writer" / "rhymes.txt")
    (place / "writer" / "simplified.txt").write_text("東东\n風风\n雲云\n", "utf-8")
    return place / "writer"


@pytest.fixture(scope="module")
def writer(folder):
    return PoemWriter(folder)


def pairs_within(lines):
    return [pair for line in lines for pair in itertools.pairwise(line)]


@pytest.mark.parametrize("form", [*FORMS.values(), Form(6, 5), Form(20, 7)])
def test_hundreds_of_poems_have_their_form_and_repeat_nothing(writer, form):
    for poem in writer.write("明月", form=form, number=100, temperature=3.0):
        assert len(poem.lines) == form.lines
        assert {len(line) for line in poem.lines} == {form.characters}
        assert set("".join(poem.lines)) <= set(CHARACTERS)
        assert len(set(poem.lines)) == form.lines
        pairs = pairs_within(poem.lines)
        assert len(set(pairs)) == len(pairs)


@pytest.mark.parametrize("name", FORMS)
def test_hundreds_of_poems_have_their_acrostic_and_their_rhyme(writer, name):
    form = FORMS[name]
    luck = random.Random(name)
    for seed in range(5):
        heads = "".join(luck.choices(CHARACTERS, k=form.lines))
        poems = writer.write(
            form=name, acrostic=heads, rhyme="东", number=50, seed=seed, top_p=1.0
        )
        for poem in poems:
            assert "".join(line[0] for line in poem.lines) == heads
            ends = [line[-1] for line in poem.lines[1::2]]
            assert set(ends) <= set(RHYMES.members["东"])
            assert len(set(ends)) == len(ends)


def test_the_first_line_rhymes_where_that_is_wanted(writer):
    poems = writer.write(rhyme="东", rhyme_first_line=True, number=50, temperature=9.0)
    for poem in poems:
        ends = [poem.lines[n][-1] for n in (0, 1, 3)]
        assert set(ends) <= set(RHYMES.members["东"])
        assert len(set(ends)) == 3
    others = writer.write(rhyme="东", number=50, temperature=9.0)
    assert {poem.lines[0][-1] for poem in others} - set(RHYMES.members["东"])


def test_a_rhyme_of_one_word_and_an_acrostic_of_one_character_still_give_a_poem(writer):
    (poem,) = writer.write(form="七言律诗", acrostic="春" * 8, rhyme="江")
    assert {line[0] for line in poem.lines} == {"春"}
    assert {line[-1] for line in poem.lines[1::2]} == {"江"}
    assert len(set(poem.lines)) == 8


def test_a_poem_is_printed_couplet_by_couplet(writer):
    (poem,) = writer.write(form="五言绝句")
    a, b, c, d = poem.lines
    assert str(poem) == f"{a}，{b}。\n{c}，{d}。"


def test_the_same_seed_gives_the_same_poems_and_another_does_not(writer):
    first = writer.write("明月", number=3, seed=5)
    assert writer.write("明月", number=3, seed=5) == first
    assert writer.write("明月", number=2, seed=5)[0].lines == first[0].lines
    assert writer.write("明月", number=3, seed=6) != first
    assert len({poem.lines for poem in first}) == 3


def test_a_traditional_prompt_is_its_simplified_one(writer):
    simple = writer.write("东风", acrostic="云月江山", rhyme="东")
    traditional = writer.write("東風", acrostic="雲月江山", rhyme="東")
    assert [poem.lines for poem in simple] == [poem.lines for poem in traditional]


def test_spaces_and_signs_in_a_prompt_count_nothing(writer):
    plain, spaced = writer.write("江山明月"), writer.write("《江山， 明月》")
    assert plain[0].lines == spaced[0].lines


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"form": "十四行诗"}, ConfigError, "五言绝句"),
        ({"acrostic": "春夏秋"}, ConfigError, "as many characters"),
        ({"acrostic": "春夏秋猫"}, DataError, "猫"),
        ({"title": "咖啡"}, DataError, "咖、啡"),
        ({"title": "明月" * 9}, ConfigError, "at most 16"),
        ({"rhyme": "猫"}, ConfigError, "Pingshui"),
        ({"rhyme": ""}, ConfigError, "Pingshui"),
        ({"rhyme_first_line": True}, ConfigError, "must be given"),
        ({"number": 0}, ConfigError, "number"),
        ({"temperature": 0.0}, ConfigError, "temperature"),
        ({"top_p": 0.0}, ConfigError, "0.0"),
    ],
)
def test_what_cannot_be_is_said_in_a_paragraph(writer, options, kind, words):
    with pytest.raises(kind, match=words) as caught:
        writer.write(**options)
    assert "Received" in str(caught.value)


@pytest.fixture(scope="module")
def shipped():
    return PoemWriter()


def test_the_shipped_writer_keeps_form_acrostic_and_rhyme(shipped):
    poems = shipped.write(
        "明月", form="五言绝句", acrostic="春夏秋冬", rhyme="先", number=8
    )
    for poem in poems:
        assert "".join(line[0] for line in poem.lines) == "春夏秋冬"
        assert [len(line) for line in poem.lines] == [5] * 4
        for line in poem.lines[1::2]:
            assert line[-1] in shipped.rhymes.members["先"]


def test_the_shipped_writer_has_learnt_to_rhyme(shipped):
    """Untold, quatrains of a writer that knew nothing would rhyme in 2 of 100 cases."""
    poems = shipped.write("送别", form="七言绝句", number=40)
    ends = [[line[-1] for line in poem.lines[1::2]] for poem in poems]
    assert np.mean([bool(shipped.rhymes.common(pair)) for pair in ends]) > 0.3


def test_the_shipped_writer_knows_every_rhyme_and_no_character_twice(shipped):
    known = set(shipped.layout.ids)
    assert len(shipped.rhymes.members) == 106
    for name, members in shipped.rhymes.members.items():
        assert known & set(members), name
    assert len(known) == len(shipped.layout.tokens)


def test_the_shipped_writer_fits_a_package():
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 10_000_000
