"""Folders, settings, tokenizer.json of any kind, saving, and broken files."""

import json

import numpy as np
import pytest
from tokenizers import AddedToken, decoders, models, normalizers
from tokenizers import Tokenizer as Library
from tokenizers import pre_tokenizers as pre
from tokenizers import processors as post

from kewen.errors import ConfigError, FileError, NotFoundError, VocabularyError
from kewen.text import Tokenizer

TEXTS = [
    "the cat",
    "the  Cat!",
    "今天 the",
    "Café",
    "<mask> cat",
    "[MASK] a",
    "",
    "é𠀀",
]


def assert_equal(one: Tokenizer, other: Tokenizer, texts: list[str]) -> None:
    for text in texts:
        first, second = one(text, "b a"), other(text, "b a")
        for name, array in first.items():
            np.testing.assert_array_equal(array, second[name])
        ids = first["token_ids"]
        assert one.decode(ids) == other.decode(ids)
    for name in ("pad_id", "cls_id", "sep_id", "unk_id", "mask_id", "vocabulary_size"):
        assert getattr(one, name) == getattr(other, name)


def byte_level() -> Library:
    alphabet = sorted(pre.ByteLevel.alphabet())
    vocab = {token: i for i, token in enumerate(["<s>", "<pad>", "</s>", *alphabet])}
    library = Library(models.BPE({**vocab, "th": len(vocab)}, [("t", "h")]))
    library.pre_tokenizer = pre.ByteLevel(add_prefix_space=False)
    library.post_processor = post.RobertaProcessing(("</s>", 2), ("<s>", 0))
    library.decoder = decoders.ByteLevel()
    library.add_special_tokens([AddedToken("<mask>", lstrip=True)])
    return library


def unigram() -> Library:
    scores = [("<unk>", 0.0), ("▁the", -1.0), ("▁", -2.0), ("c", -3.0), ("at", -3.0)]
    library = Library(models.Unigram(scores, unk_id=0, byte_fallback=False))
    library.normalizer = normalizers.NFKC()
    library.pre_tokenizer = pre.Metaspace()
    library.decoder = decoders.Metaspace()
    library.add_special_tokens(["<s>", "</s>"])
    library.post_processor = post.TemplateProcessing(
        single="$A </s>",
        pair="$A </s> $B:3 </s>:3",
        special_tokens=[("</s>", library.token_to_id("</s>"))],
    )
    return library


def bert() -> Library:
    tokens = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        "the",
        "cat",
        "cafe",
        "a",
        "今",
    ]
    library = Library(
        models.WordPiece({t: i for i, t in enumerate(tokens)}, unk_token="[UNK]")
    )
    library.normalizer = normalizers.BertNormalizer()
    library.pre_tokenizer = pre.BertPreTokenizer()
    library.post_processor = post.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    library.add_special_tokens(["[MASK]"])
    return library


@pytest.mark.parametrize("make", [byte_level, unigram, bert])
def test_a_tokenizer_json_is_obeyed_as_it_is(tmp_path, make):
    library = make()
    library.save(str(tmp_path / "tokenizer.json"))
    tokenizer = Tokenizer.from_file(tmp_path / "tokenizer.json")
    for text in TEXTS:
        for pair in (None, "cat the", ""):
            ours, theirs = tokenizer(text, pair), library.encode(text, pair)
            assert ours["token_ids"].tolist() == theirs.ids
            assert ours["segment_ids"].tolist() == theirs.type_ids
            assert list(map(tuple, ours["offsets"].tolist())) == theirs.offsets
    assert tokenizer.vocabulary_size == library.get_vocab_size()


def test_a_decoder_of_its_own_is_used(tmp_path):
    byte_level().save(str(tmp_path / "tokenizer.json"))
    tokenizer = Tokenizer.from_file(tmp_path / "tokenizer.json")
    assert tokenizer.decode(tokenizer("the  今天!")["token_ids"]) == "the  今天!"
    assert (tokenizer.cls_id, tokenizer.sep_id, tokenizer.pad_id) == (0, 2, 1)
    assert tokenizer.unk_id is None


def test_truncation_and_padding_of_the_file_are_left_to_the_caller(tmp_path):
    library = bert()
    library.enable_truncation(3)
    library.enable_padding(length=16)
    library.save(str(tmp_path / "tokenizer.json"))
    tokenizer = Tokenizer.from_file(tmp_path / "tokenizer.json")
    assert tokenizer("the cat a")["token_ids"].tolist() == [2, 5, 6, 8, 3]


@pytest.mark.parametrize("lowercase", [True, False])
def test_save_and_load_give_equal_results(tmp_path, vocabulary_file, golden, lowercase):
    tokenizer = Tokenizer.from_file(vocabulary_file, lowercase=lowercase)
    tokenizer.save(tmp_path / "saved")
    loaded = Tokenizer.from_folder(tmp_path / "saved")
    texts = [record["text"] for record in golden["lower"]]
    assert_equal(tokenizer, loaded, texts)
    (tmp_path / "saved" / "tokenizer.json").unlink()
    assert_equal(tokenizer, Tokenizer.from_folder(tmp_path / "saved"), texts)


@pytest.mark.parametrize("make", [byte_level, unigram, bert])
def test_any_tokenizer_json_survives_saving(tmp_path, make):
    make().save(str(tmp_path / "tokenizer.json"))
    tokenizer = Tokenizer.from_folder(tmp_path)
    tokenizer.save(tmp_path / "saved")
    assert_equal(tokenizer, Tokenizer.from_folder(tmp_path / "saved"), TEXTS)


@pytest.mark.parametrize("duplicates", ["first", "keep"])
def test_repeated_and_blank_rows_survive_saving(tmp_path, duplicates):
    path = tmp_path / "vocab.txt"
    path.write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\na\n\nb\na\n", "utf-8")
    tokenizer = Tokenizer.from_file(path, duplicates=duplicates)
    tokenizer.save(tmp_path / "saved")
    loaded = Tokenizer.from_folder(tmp_path / "saved")
    assert_equal(tokenizer, loaded, ["a b a"])
    assert loaded.decode([4, 5, 6, 7]) == "a b a"


def test_saving_refuses_to_overwrite_unless_told(tmp_path, lower):
    (tmp_path / "vocab.txt").write_text("mine")
    with pytest.raises(FileError, match=r"vocab\.txt"):
        lower.save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["vocab.txt"]
    lower.save(tmp_path, overwrite=True)


def test_the_settings_of_a_folder_decide_how_its_vocabulary_cuts(tmp_path):
    tokens = ["<pad>", "<unk>", "<s>", "</s>", "É", "é", "e", "E", "今天", "今", "##天"]
    (tmp_path / "vocab.txt").write_text("\n".join(tokens), "utf-8")
    settings = {
        "do_lower_case": True,
        "strip_accents": False,
        "tokenize_chinese_chars": False,
    }
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
    tokenizer = Tokenizer.from_folder(tmp_path)
    assert tokenizer("É E 今天")["token_ids"].tolist() == [2, 5, 6, 8, 3]


def test_special_tokens_are_named_by_the_folder_first(tmp_path):
    library = unigram()
    library.save(str(tmp_path / "tokenizer.json"))
    names = {"cls_token": {"content": "▁the"}, "sep_token": "not there"}
    (tmp_path / "special_tokens_map.json").write_text(json.dumps(names))
    tokenizer = Tokenizer.from_folder(tmp_path)
    assert tokenizer.cls_id == 1
    assert tokenizer.sep_id == library.token_to_id("</s>")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"version": "1.0"}',
        "[" * 100_000,
        '{"model": {"type": "x"}}',
    ],
)
@pytest.mark.usefixtures("no_garbage")
def test_a_broken_tokenizer_json_is_refused(tmp_path, content):
    (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(VocabularyError, match=r"tokenizer\.json"):
        Tokenizer.from_folder(tmp_path)


def test_an_id_of_billions_makes_no_table(tmp_path):
    content = json.loads(bert().to_str())
    content["model"]["vocab"]["far"] = 4_000_000_000
    (tmp_path / "tokenizer.json").write_text(json.dumps(content))
    with pytest.raises(VocabularyError, match="ids up to 4000000000"):
        Tokenizer.from_folder(tmp_path)


@pytest.mark.parametrize("content", ["{", "[1]", "[" * 100_000, '{"do_lower_case": 1}'])
@pytest.mark.usefixtures("no_garbage")
def test_broken_settings_are_refused(tmp_path, vocabulary_file, content):
    (tmp_path / "vocab.txt").write_bytes(vocabulary_file.read_bytes())
    (tmp_path / "tokenizer_config.json").write_text(content)
    with pytest.raises((VocabularyError, ConfigError), match="tokenizer_config"):
        Tokenizer.from_folder(tmp_path)


def test_a_folder_without_a_tokenizer_says_what_it_looked_for(tmp_path):
    with pytest.raises(NotFoundError, match=r"tokenizer\.json, vocab\.txt, vocab"):
        Tokenizer.from_folder(tmp_path)


def test_options_for_a_tokenizer_json_are_refused(tmp_path):
    bert().save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(ConfigError, match="holds its own rules"):
        Tokenizer.from_file(tmp_path / "tokenizer.json", lowercase=True)
