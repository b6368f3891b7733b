"""What a writer learns from a poem, and how it is judged."""

import numpy as np
import pytest

from examples.poems.corpus import Poem
from examples.poems.perplexity import character_rows, mean_loss
from examples.poems.quality import alternates, rhymes_well
from examples.poems.reading import losses_model, row_of, spoken
from kewen.models import Backbone
from kewen.models.llama import LlamaConfig
from kewen.poems import Layout, Rhymes
from kewen.training import seeded

POEM = Poem("静夜思", ("床前明月光", "疑是地上霜", "举头望明月", "低头思故乡"))
RHYMES = Rhymes({"阳": "光霜乡床", "月": "月"}, {"阳": "平", "月": "入"})
LAYOUT = Layout(Layout.tokens_for(dict.fromkeys("".join(POEM.lines)), RHYMES.members))


@pytest.fixture(scope="module")
def writer():
    config = LlamaConfig(
        vocabulary_size=len(LAYOUT.tokens),
        hidden_dim=8,
        num_layers=1,
        num_heads=2,
        intermediate_dim=8,
        tie_embeddings=True,
    )
    with seeded(0):
        return Backbone(config, heads=["language_model"])


def test_title_rhyme_and_heads_can_be_said_of_a_poem():
    assert spoken(POEM, RHYMES) == {
        "title": "静夜思",
        "rhyme": "阳",
        "heads": "床疑举低",
    }


def test_a_poem_without_a_common_rhyme_has_none():
    poem = Poem("", (*POEM.lines[:3], "低头望明月"))
    assert spoken(poem, RHYMES)["rhyme"] == ""
    assert rhymes_well(POEM.lines, RHYMES) and not rhymes_well(poem.lines, RHYMES)


def test_the_poems_own_tokens_are_to_be_foreseen_and_no_others():
    row = row_of(POEM, LAYOUT, title="静夜思", heads="床疑举低")
    own = row["token_ids"][row["target_mask"] == 1]
    assert own.tolist() == LAYOUT.body(POEM.lines)
    assert row["target_mask"].tolist() == sorted(row["target_mask"])


def test_the_loss_is_that_of_plain_arithmetic(writer):
    rows = [row_of(POEM, LAYOUT), row_of(POEM, LAYOUT, rhyme="阳", title="月")]
    losses, counts = [], []
    for row in rows:
        inputs = {k: row[k][None] for k in ("token_ids", "padding_mask")}
        logits = np.asarray(writer(inputs)["lm_logits"], "float64")[0]
        log_p = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
        ids, mask = row["token_ids"][1:], row["target_mask"][1:]
        losses.append(-(log_p[np.arange(len(ids)), ids] * mask).sum())
        counts.append(mask.sum())
    wanted = sum(losses) / sum(counts)
    assert mean_loss(losses_model(writer), rows) == pytest.approx(wanted, rel=1e-5)


def test_perplexity_counts_characters_and_no_signs():
    (row,) = character_rows([POEM], LAYOUT, RHYMES, ())
    counted = row["token_ids"][row["target_mask"] == 1]
    assert "".join(LAYOUT.tokens[each] for each in counted) == "".join(POEM.lines)


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("前光前月前", True),
        ("前月前霜前", True),
        ("前光前霜前", False),
        ("前前前光前", False),
    ],
)
def test_tones_alternate_where_one_of_two_is_level(line, answer):
    assert alternates(line, RHYMES) is answer
