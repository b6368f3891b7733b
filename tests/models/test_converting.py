"""Another layout and back: the same bytes, nothing lost in silence."""

import json
import shutil
from pathlib import Path
from typing import Any

import keras
import ml_dtypes
import numpy as np
import pytest
from golden_cases import GOLDEN
from keras.ops import convert_to_numpy
from toy import toy_model, toy_tokenizer

import kewen
from kewen.analysis.surgery import tie
from kewen.checkpoints import (
    SafetensorsFile,
    TFBundle,
    open_checkpoint,
    write_safetensors,
)
from kewen.errors import ConfigError, FileError, WeightsError
from kewen.models import Pretrained, convert

HF = GOLDEN / "huggingface"
TF = GOLDEN / "bert4keras"
SAFETENSORS = [
    "bert_mlm",
    "bert_model",
    "bert_sequence_classification",
    "roberta_mlm",
    "xlm_roberta_mlm",
]
BUNDLES = ["bert_encoder", "bert_plain"]
INPUTS = {
    "token_ids": np.array([[2, 7, 9, 11, 3]]),
    "padding_mask": np.ones((1, 5), bool),
}


def tensors_of(folder: Path) -> dict[str, tuple[str, bytes]]:
    with open_checkpoint(folder) as checkpoint:
        return {n: (str(t.dtype), t.tobytes()) for n, t in checkpoint.items()}


def there_and_back(source, tmp_path, to, back):
    convert(source, tmp_path / to, to=to)
    convert(tmp_path / to, tmp_path / back, to=back)
    return tmp_path / back


@pytest.mark.parametrize("case", SAFETENSORS)
def test_huggingfaces_file_comes_back_from_tensorflows_layout(case, tmp_path):
    back = there_and_back(HF / case, tmp_path, "tf1", "hf")
    assert tensors_of(back) == tensors_of(HF / case)
    original = json.loads((HF / case / "config.json").read_text("utf-8"))
    config = json.loads((back / "config.json").read_text("utf-8"))
    assert {key: config.get(key) for key in original} == original


@pytest.mark.parametrize("to", ["tf1", "keras"])
def test_huggingfaces_file_written_twice_is_the_same_file(to, tmp_path):
    convert(HF / "bert_mlm", tmp_path / "first", to="hf")
    back = there_and_back(tmp_path / "first", tmp_path, to, "hf")
    name = "model.safetensors"
    assert (back / name).read_bytes() == (tmp_path / "first" / name).read_bytes()


@pytest.mark.parametrize("name", ["out.keras", "out.gguf"])
def test_a_folder_may_be_called_as_a_file_is(name, tmp_path):
    convert(HF / "bert_mlm", tmp_path / name, to="keras")
    convert(tmp_path / name, tmp_path / "back", to="hf")
    assert tensors_of(tmp_path / "back") == tensors_of(HF / "bert_mlm")


@pytest.mark.parametrize("to", ["hf", "tf1", "keras"])
@pytest.mark.parametrize("source", [HF / "roberta_mlm", TF / "bert_encoder"])
def test_the_converted_model_answers_as_the_original(source, to, tmp_path):
    convert(source, tmp_path / "out", to=to)
    inputs = dict(INPUTS)
    original, ours = kewen.load(source).model, kewen.load(tmp_path / "out").model
    if "segment_ids" in original.inputs_by_name:
        inputs["segment_ids"] = np.zeros((1, 5), int)
    expected, received = original(inputs), ours(inputs)
    assert received.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(
            convert_to_numpy(received[name]), convert_to_numpy(value)
        )


def test_half_precision_stays(tmp_path):
    shutil.copytree(HF / "bert_model", tmp_path / "half")
    path = tmp_path / "half" / "model.safetensors"
    path.chmod(0o644)
    halves = {n: t.astype(np.float16) for n, t in SafetensorsFile(path).items()}
    write_safetensors(path, halves, overwrite=True)
    back = there_and_back(tmp_path / "half", tmp_path, "tf1", "hf")
    assert {dtype for dtype, _ in tensors_of(back).values()} == {"float16"}
    assert tensors_of(back) == tensors_of(tmp_path / "half")


def halved(source: Path, folder: Path, dtype) -> Path:
    shutil.copytree(source, folder)
    path = folder / "model.safetensors"
    path.chmod(0o644)
    halves = {name: t.astype(dtype) for name, t in SafetensorsFile(path).items()}
    write_safetensors(path, halves, overwrite=True)
    return folder


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
def test_half_precision_stays_in_a_keras_file(tmp_path, dtype):
    source = halved(HF / "bert_mlm", tmp_path / "half", dtype)
    back = there_and_back(source, tmp_path, "keras", "hf")
    assert tensors_of(back) == tensors_of(source)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_keras_file_of_half_precision_opens_as_the_policy_says(tmp_path, dtype):
    source = halved(HF / "bert_mlm", tmp_path / "half", ml_dtypes.bfloat16)
    convert(source, tmp_path / "keras", to="keras")
    theirs = kewen.load(source, dtype=dtype).model.weights_by_path()
    ours = kewen.load(tmp_path / "keras", dtype=dtype).model.weights_by_path()
    keras_own: Any = keras.saving.load_model(tmp_path / "keras" / "model.keras")
    assert theirs.keys() == ours.keys()
    for name, weight in theirs.items():
        assert ours[name].dtype == dtype
        for got in (ours[name], keras_own.weights_by_path()[name]):
            np.testing.assert_array_equal(
                np.asarray(convert_to_numpy(got), "float32"),
                np.asarray(convert_to_numpy(weight), "float32"),
            )


def test_a_tie_goes_along_into_a_keras_file_and_back(tmp_path):
    model = toy_model(1)
    places = [f"block_0_attention/{name}" for name in ("query", "key")]
    tie(model, *places)
    Pretrained(model=model).save(tmp_path / "tied")
    back = there_and_back(tmp_path / "tied", tmp_path, "keras", "hf")
    assert tensors_of(back) == tensors_of(tmp_path / "tied")
    again = kewen.load(tmp_path / "keras").model.get_layer("block_0_attention")
    assert again.query.kernel is again.key.kernel


def test_bert4keras_finds_its_names(tmp_path):
    convert(HF / "bert_mlm", tmp_path / "out", to="tf1")
    names = set(TFBundle(tmp_path / "out" / "bert_model.ckpt"))
    lacking = {"bert/pooler/dense/bias", "bert/pooler/dense/kernel"}
    lacking |= {f"cls/seq_relationship/output_{end}" for end in ("bias", "weights")}
    layers = {"bert/encoder/layer_0", "bert/encoder/layer_1"}
    wanted = {
        name
        for name in TFBundle(TF / "bert_encoder" / "bert_model.ckpt")
        if "/layer_" not in name or name.rsplit("/layer_")[0] in layers
    }
    assert wanted - lacking <= names


@pytest.mark.parametrize("case", ["bert_mlm", "roberta_mlm"])
def test_tensorflow_itself_opens_what_is_converted(case, tmp_path):
    tf = pytest.importorskip("tensorflow")
    convert(HF / case, tmp_path / "out", to="tf1")
    prefix = tmp_path / "out" / "bert_model.ckpt"
    theirs = dict(tf.train.list_variables(str(prefix)))
    ours = TFBundle(prefix)
    assert theirs == {name: list(ours.info(name).shape) for name in ours}
    for name in ours:  # as bert4keras asks for them
        value = tf.train.load_variable(str(prefix), name)
        np.testing.assert_array_equal(value, ours[name])


def test_a_graph_of_tensorflow_1_is_filled_by_its_saver(tmp_path):
    v1 = pytest.importorskip("tensorflow").compat.v1
    convert(HF / "bert_mlm", tmp_path / "out", to="tf1")
    prefix = tmp_path / "out" / "bert_model.ckpt"
    ours = TFBundle(prefix)
    with v1.Graph().as_default(), v1.Session() as session:
        variables = [
            v1.get_variable(name, ours.info(name).shape, use_resource=False)
            for name in ours
        ]
        v1.train.Saver(variables).restore(session, str(prefix))
        for variable in variables:
            value = session.run(variable)
            np.testing.assert_array_equal(value, ours[variable.op.name])


def test_tokenizer_files_go_along_unread(tmp_path):
    source = tmp_path / "source"
    shutil.copytree(HF / "bert_model", source)
    for name in ("vocab.txt", "tokenizer_config.json", "notes.txt"):
        (source / name).write_text(f"not what a {name} should be", "utf-8")
    convert(source, tmp_path / "hf", to="hf")
    convert(source, tmp_path / "tf1", to="tf1")
    ours = (tmp_path / "hf" / "vocab.txt").read_text("utf-8")
    assert ours == "not what a vocab.txt should be"
    assert {path.name for path in (tmp_path / "tf1").iterdir()} == {
        *(f"bert_model.ckpt.{end}" for end in ("index", "data-00000-of-00001")),
        *("config.json", "kewen.json", "vocab.txt", "tokenizer_config.json"),
    }
    assert not (tmp_path / "hf" / "notes.txt").exists()


def test_a_task_and_its_labels_go_along(tmp_path):
    pretrained = Pretrained(
        model=toy_model(1).redrawn(heads=["pooler", "sequence_classification"]),
        tokenizer=toy_tokenizer(tmp_path),
    )
    task = kewen.tasks.TextClassifier(pretrained, labels=["neg", "pos"], max_length=12)
    task.save(tmp_path / "task")
    back = there_and_back(tmp_path / "task", tmp_path, "tf1", "hf")
    again = kewen.load_task(back)
    assert (again.labels.names, again.max_length) == (("neg", "pos"), 12)
    texts = ["the film was good", "a book was awful"]
    assert again.predict(texts) == kewen.load_task(tmp_path / "task").predict(texts)


def test_large_models_are_written_in_shards(tmp_path):
    whole = tensors_of(HF / "bert_model")
    convert(HF / "bert_model", tmp_path / "out", to="hf", max_shard_bytes=20_000)
    shards = sorted((tmp_path / "out").glob("model-*.safetensors"))
    assert len(shards) > 2
    assert shards[0].name == f"model-00001-of-{len(shards):05d}.safetensors"
    index = json.loads(
        (tmp_path / "out" / "model.safetensors.index.json").read_text("utf-8")
    )
    sizes = {name: len(data) for name, (_, data) in whole.items()}
    assert index["metadata"]["total_size"] == sum(sizes.values())
    for path in shards:
        held = set(SafetensorsFile(path))
        assert held == {n for n, f in index["weight_map"].items() if f == path.name}
        assert sum(sizes[name] for name in held) <= 20_000 or len(held) == 1
    assert tensors_of(tmp_path / "out") == whole


# === What cannot be converted ===


def without_type(source: Path, folder: Path) -> Path:
    shutil.copytree(source, folder)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    del config["model_type"]
    (folder / "config.json").chmod(0o644)
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    return folder


def test_tensors_tell_the_family_where_the_config_does_not(tmp_path):
    source = without_type(HF / "roberta_mlm", tmp_path / "source")
    convert(source, tmp_path / "out", to="tf1")
    convert(tmp_path / "out", tmp_path / "hf", to="hf")
    assert tensors_of(tmp_path / "hf") == tensors_of(HF / "roberta_mlm")


def test_an_unclear_family_is_an_error_until_it_is_named(tmp_path):
    # A base model's tensors have no prefix, so BERT's and RoBERTa's look alike.
    source = without_type(HF / "bert_model", tmp_path / "source")
    config = json.loads((source / "config.json").read_text("utf-8"))
    del config["architectures"]
    (source / "config.json").write_text(json.dumps(config), "utf-8")
    with pytest.raises(ConfigError, match="must name the family"):
        convert(source, tmp_path / "out", to="tf1")
    convert(source, tmp_path / "out", to="tf1", family="bert")
    convert(tmp_path / "out", tmp_path / "hf", to="hf")
    assert tensors_of(tmp_path / "hf") == tensors_of(HF / "bert_model")


def test_chinese_roberta_of_bert4keras_is_a_bert(tmp_path):
    source = shutil.copytree(TF / "bert_plain", tmp_path / "source")
    convert(source, tmp_path / "out", to="hf", family="roberta")
    config = json.loads((tmp_path / "out" / "config.json").read_text("utf-8"))
    assert config["model_type"] == "bert"


def test_a_family_that_contradicts_the_files_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match="say roberta"):
        convert(HF / "roberta_mlm", tmp_path / "out", to="tf1", family="bert")


def test_a_tensor_without_a_place_is_an_error_and_nothing_is_written(tmp_path):
    source = shutil.copytree(HF / "bert_model", tmp_path / "source")
    path = source / "model.safetensors"
    path.chmod(0o644)
    tensors = {**SafetensorsFile(path), "adapter.weight": np.zeros(3, np.float32)}
    write_safetensors(path, tensors, overwrite=True)
    with pytest.raises(WeightsError, match=r"adapter\.weight"):
        convert(source, tmp_path / "out", to="tf1")
    assert not (tmp_path / "out").exists()
    with pytest.warns(UserWarning, match=r"adapter\.weight"):
        convert(source, tmp_path / "out", to="hf", strict=False)
    assert tensors_of(tmp_path / "out") == tensors_of(HF / "bert_model")


def test_a_missing_tensor_is_left_out_where_that_can_be_said(tmp_path):
    source = shutil.copytree(HF / "bert_model", tmp_path / "source")
    path = source / "model.safetensors"
    path.chmod(0o644)
    tensors = dict(SafetensorsFile(path))
    lacking, misshaped = "pooler.dense.bias", "encoder.layer.0.output.dense.bias"
    del tensors[lacking]
    tensors[misshaped] = tensors[misshaped][:3]
    write_safetensors(path, tensors, overwrite=True)
    with pytest.warns(UserWarning, match="1 missing"):
        account = convert(source, tmp_path / "out", to="hf", strict=False)
    written = tensors_of(tmp_path / "out")
    assert written.keys() == tensors.keys() - {misshaped}
    assert {each.name for each in account.used} == written.keys()
    with pytest.raises(WeightsError, match="1 missing"):
        convert(source, tmp_path / "keras", to="keras", strict=False)
    assert not (tmp_path / "keras").exists()


def test_a_keras_file_of_another_family_is_refused(tmp_path):
    convert(HF / "bert_model", tmp_path / "keras", to="keras")
    with pytest.raises(ConfigError, match="of bert"):
        convert(tmp_path / "keras", tmp_path / "out", to="hf", family="roberta")


def test_a_folder_that_is_no_model_or_holds_the_source_is_not_replaced(tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "thesis.txt").touch()
    with pytest.raises(FileError, match=r"config\.json"):
        convert(HF / "bert_model", tmp_path / "thesis", to="hf", overwrite=True)
    source = shutil.copytree(HF / "bert_model", tmp_path / "models" / "source")
    (tmp_path / "models" / "config.json").touch()
    with pytest.raises(ConfigError, match="must not hold the old one"):
        convert(source, tmp_path / "models", to="hf", overwrite=True)
    assert (tmp_path / "thesis" / "thesis.txt").exists()
    assert source.exists()


def test_a_folder_can_be_converted_in_its_place(tmp_path):
    source = shutil.copytree(HF / "bert_model", tmp_path / "source")
    convert(source, source, to="tf1", overwrite=True)
    assert not (source / "model.safetensors").exists()
    convert(source, source, to="hf", overwrite=True)
    assert tensors_of(source) == tensors_of(HF / "bert_model")


def test_a_weight_that_the_layout_has_no_name_for_is_an_error(tmp_path):
    from kewen.models import Backbone
    from kewen.models.bert import BertConfig

    config = BertConfig(
        vocabulary_size=9,
        hidden_dim=4,
        num_layers=1,
        num_heads=1,
        intermediate_dim=4,
        max_length=8,
        tie_embeddings=False,
    )
    model = Pretrained(model=Backbone(config, heads=["masked_lm"]))
    with pytest.raises(WeightsError, match="mlm_decoder/kernel"):
        model.save(tmp_path / "out", format="tf1")
    assert not (tmp_path / "out").exists()


def test_an_unknown_layout_and_an_existing_folder_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="hf, tf1, keras"):
        convert(HF / "bert_model", tmp_path / "out", to="onnx")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "precious").touch()
    with pytest.raises(FileError, match="exists already"):
        convert(HF / "bert_model", tmp_path / "out", to="tf1")
    assert (tmp_path / "out" / "precious").exists()


def test_roberta_without_a_type_is_no_bert_in_tensorflows_layout_either(tmp_path):
    convert(HF / "roberta_mlm", tmp_path / "tf", to="tf1")
    (tmp_path / "tf" / "kewen.json").unlink()
    bare = without_type(tmp_path / "tf", tmp_path / "bare")
    config = json.loads((bare / "config.json").read_text("utf-8"))
    assert kewen.load(bare, tokenizer=False).config.family == "roberta"  # by its class
    del config["architectures"]
    (bare / "config.json").write_text(json.dumps(config), "utf-8")
    assert kewen.load(bare, tokenizer=False).config.family == "roberta"  # by its sizes
    for number, named in enumerate([None, "roberta"]):
        out = tmp_path / f"hf{number}"
        convert(bare, out, to="hf", family=named)
        assert tensors_of(out) == tensors_of(HF / "roberta_mlm")
        said = json.loads((out / "config.json").read_text("utf-8"))
        assert said["model_type"] == "roberta"
