"""From a saved task to a task."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kewen.engines import check_engine
from kewen.errors import ConfigError
from kewen.models.config import load_json
from kewen.models.hub import locate
from kewen.models.load import load
from kewen.models.save import KEWEN_JSON
from kewen.tasks import generate
from kewen.tasks.classify import HEAD, ONE_LABEL, TASK, USUAL_LENGTH, TextClassifier

TASKS = (TASK, generate.TASK)


def load_task(
    name: str | Path,
    *,
    dtype: Any = None,
    engine: str = "keras",
    engine_dtype: str | None = None,
) -> Any:
    """Open what `TextClassifier.save` or `Generator.save` wrote, as what it was.

    A classifier of transformers' is a `TextClassifier` too.

    Args:
        name: a folder or hub id.
        dtype: Keras dtype policy of the model.
        engine: what runs it, "keras" or "openvino"; see `TextClassifier`.
        engine_dtype: what OpenVINO computes in; see there.

    Raises:
        NotFoundError: if there is no such folder.
        ConfigError: if it holds a model without a classifier, or there is no such
            engine, or not for this task.
        MissingExtraError: if the engine is not installed.
    """
    check_engine(engine, engine_dtype)
    folder = locate(name)
    saved = load_json(folder / KEWEN_JSON) if (folder / KEWEN_JSON).is_file() else {}
    task = saved.get("task", TASK)
    if task not in TASKS:
        raise ConfigError(
            f"kewen knows the tasks {TASKS}. Received: {task!r} in {folder}."
        )
    pretrained = load(folder, dtype=dtype)
    if task == generate.TASK:
        if engine != "keras":
            raise ConfigError(
                f"A writer is run by Keras. Received: engine={engine!r}. Leave it out."
            )
        length = _max_length(saved, folder, generate.USUAL_LENGTH)
        longest = pretrained.config.longest_text
        return generate.Generator(pretrained, min(length, longest))
    if HEAD not in pretrained.model.heads:
        raise ConfigError(
            f"{folder} must hold a classifier. Received: a model with the heads "
            f"{list(pretrained.model.heads)}. Train one with `kewen fit classify`."
        )
    problem = pretrained.config_json.get("problem_type")
    if problem not in (None, ONE_LABEL):
        raise ConfigError(
            f"kewen's classifier gives each text one label, {ONE_LABEL!r}. Received: "
            f"problem_type {problem!r} in the config.json of {folder}, whose outputs "
            "mean something else. kewen.load opens it as a model, without a task; "
            "kewen.tasks.TextClassifier puts a new classifier on that."
        )
    labels = _labels_saved(saved, folder) or _labels_of(pretrained.config_json)
    labels = labels or [f"LABEL_{i}" for i in range(pretrained.config.num_labels)]
    if len(labels) != pretrained.config.num_labels:
        raise ConfigError(
            f"{folder} must name as many labels as its classifier has. Received: "
            f"{len(labels)} names for {pretrained.config.num_labels} outputs."
        )
    max_length = _max_length(saved, folder, USUAL_LENGTH)
    longest = min(max_length, pretrained.config.longest_text)
    return TextClassifier.restored(pretrained, labels, longest, engine, engine_dtype)


def _max_length(saved: Mapping[str, Any], folder: Path, usual: int) -> int:
    length = saved.get("max_length", usual)
    if not isinstance(length, int) or length < 3:
        raise ConfigError(
            f"max_length in {folder / KEWEN_JSON} must be a whole number, at least 3. "
            f"Received: {length!r}."
        )
    return length


def _labels_saved(saved: Mapping[str, Any], folder: Path) -> list[str]:
    names = saved.get("labels", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ConfigError(
            f"labels in {folder / KEWEN_JSON} must be a list of names. "
            f"Received: {names!r}."
        )
    return names


def _labels_of(config_json: Any) -> list[str]:
    names = config_json.get("id2label") or {}
    try:
        return [str(names[key]) for key in sorted(names, key=int)]
    except (ValueError, TypeError, AttributeError):
        raise ConfigError(
            f"id2label in config.json must map numbers to names. Received: {names!r}."
        ) from None
