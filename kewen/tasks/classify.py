"""One label for a text, or for a pair of texts.

texts -> token ids -> buckets -> backbone -> pooled vector -> logits -> label
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kewen.data import (
    Batches,
    BatchSource,
    Example,
    LabelSet,
    StreamedBatches,
    StreamedExamples,
)
from kewen.engines import Engine, check_engine, engine_for
from kewen.errors import ConfigError, DataError
from kewen.losses import CrossEntropy
from kewen.metrics import ClassificationScores, classification_scores
from kewen.models.pretrained import Pretrained
from kewen.models.save import save_pretrained
from kewen.tasks.class_weights import class_factors
from kewen.tasks.examples import (
    Source,
    digest_of_examples,
    examples_of,
    listed,
    name_of,
    training_examples,
)
from kewen.tasks.probe import probe_rows
from kewen.training import History, fit, predict_rows, seeded
from kewen.training.run import log_losses

TASK = "classify"
HEAD = "sequence_classification"
ONE_LABEL = "single_label_classification"  # transformers' name of this task
USUAL_LENGTH = 128  # tokens of a text, where the model has so many positions
METRICS = ("loss", "accuracy", "macro_f1")  # what is measured after each epoch


@dataclasses.dataclass(frozen=True)
class Prediction:
    """The answer to one text."""

    label: str  # the most probable one
    probability: float  # its own
    probabilities: Mapping[str, float]  # of all labels


class TextClassifier:
    """A pretrained encoder with a classifier on it.

    Args:
        pretrained: from `kewen.load`. Its backbone is trained too, in place.
        labels: class names, the order of the logits. If None, those of the training
            examples, sorted. Either way the classifier on top is new; `load_task` keeps
            one that was saved.
        pooling: what the classifier sees: "pooler" (the family's own, as BERT's pooler
            or a decoder's last token; what is saved opens in transformers with equal
            logits), "cls" or "mean" (kewen only, and encoders).
        max_length: tokens of a text or pair, special ones included; longer ones are
            cut at the end. If None, 128, or as many as the model has positions for.
        seed: of the new layer's first weights.
        engine: what runs `predict` and `evaluate`: "keras", or "openvino", as for
            `Embedder`; training is Keras' in any case.
        engine_dtype: as for `Embedder`.

    Example:
        ```python
        classifier = kewen.tasks.TextClassifier(kewen.load("model"))
        classifier.fit("train.tsv", validation_data="dev.tsv", epochs=3)
        classifier.predict(["很好"])[0].label
        ```

    Raises:
        ConfigError: if there is no tokenizer or no such engine, or `max_length` is more
            than the model takes.
        MissingExtraError: if the engine is not installed.
    """

    def __init__(
        self,
        pretrained: Pretrained,
        labels: Iterable[str] | None = None,
        *,
        pooling: str = "pooler",
        max_length: int | None = None,
        seed: int = 0,
        engine: str = "keras",
        engine_dtype: str | None = None,
    ) -> None:
        check_engine(engine, engine_dtype)
        if pretrained.tokenizer is None:
            raise ConfigError(
                "A classifier needs the model's tokenizer. Received: a model without "
                "one. Put tokenizer.json or vocab.txt into its folder."
            )
        longest = pretrained.config.longest_text
        max_length = min(USUAL_LENGTH, longest) if max_length is None else max_length
        if not 3 <= max_length <= longest:
            raise ConfigError(
                f"max_length must be from 3 to {longest}, the positions that the model "
                f"has. Received: {max_length}."
            )
        self.pretrained = pretrained
        self.tokenizer = pretrained.tokenizer
        self.pooling = pooling
        self.max_length = max_length
        self.seed = seed
        self._engine_wanted = engine, engine_dtype
        self.labels: LabelSet | None = None
        self.history: History | None = None
        if labels is not None:
            self._set_labels(LabelSet(labels))

    def fit(
        self,
        train: Source,
        validation_data: Source | None = None,
        *,
        text: str | int = "text",
        label: str | int = "label",
        pair: str | int | None = None,
        header: bool | None = None,
        encoding: str = "utf-8",
        on_bad_row: str = "error",
        bad_rows: Any = None,
        batch_size: int = 16,
        tokens_per_batch: int | None = None,
        label_smoothing: float = 0.0,
        class_weights: str | Mapping[str, float] | None = None,
        stream: bool | None = None,
        **options: Any,
    ) -> History:
        """Train on a file of examples.

        Args:
            train: a TSV, CSV or JSONL file (gz too), a folder of class folders,
                `Example` objects, or what `kewen.data.stream_examples` gives.
            validation_data: likewise; measured after each epoch, and the weights of
                the best epoch are kept. It is read into memory in any case.
            text: column of the text, by name or position.
            label: column of the label.
            pair: column of the second text, if any.
            header: see `kewen.data.read_examples`.
            encoding: of the files.
            on_bad_row: "error" or "skip".
            bad_rows: a `kewen.data.BadRows`, told what was skipped in `train`.
            batch_size: texts a step.
            tokens_per_batch: tokens a step instead, padding included.
            label_smoothing: see `kewen.losses.CrossEntropy`.
            class_weights: "balanced" (each class counts the same in sum), or a factor
                for each label.
            stream: whether `train` stays on the disk, so that memory does not grow with
                it; a plain TSV or JSONL only, and without `tokens_per_batch`. If None,
                it does where it can and has more than `STREAM_BYTES`, 100 MB.
            **options: those of `kewen.training.fit`: epochs, learning_rate, warmup,
                weight_decay, clip_norm, accumulate, learning_rates, freeze, monitor
                ("val_loss", "val_accuracy", "val_macro_f1"), patience, progress,
                tensorboard, checkpoint, checkpoint_steps. With a `checkpoint` folder,
                the same `fit` goes on where a killed one was.

        Returns:
            The record of the training.

        Raises:
            DataError: if a file has no examples, one class only, a bad row, or a label
                that training lacks.
        """
        columns = {"text": text, "label": label, "pair": pair, "header": header}
        columns |= {"encoding": encoding, "on_bad_row": on_bad_row}
        name = name_of(train)
        examples = training_examples(
            train, stream, tokens_per_batch, **columns, bad_rows=bad_rows
        )
        is_streamed = isinstance(examples, StreamedExamples)
        some = examples.one_of_each if is_streamed else examples
        if self.labels is None:
            self._set_labels(LabelSet.from_examples(some))
        labels = self._known_labels()
        ids = labels.encode(some, name)
        validate, held_out = None, []
        if validation_data is not None:
            held_out = examples_of(validation_data, **columns)
            validate = self._measure(
                held_out, labels.encode(held_out, name_of(validation_data))
            )
        each = list(examples.label_counts.values()) if is_streamed else None
        counts = np.bincount(ids, each, minlength=len(labels))
        factors = class_factors(labels, counts, class_weights)
        batches: BatchSource
        if is_streamed:
            batches = StreamedBatches(
                examples,
                self._rows,
                numbers=lambda examples: labels.encode(examples, name),
                factors=factors,
                max_length=self.max_length,
                batch_size=batch_size,
                seed=self.seed,
                pad_ids={"token_ids": self.pretrained.config.fill_id},
            )
        else:
            batches = self._batches(
                examples,
                labels=ids,
                weights=None if factors is None else factors[ids],
                batch_size=batch_size,
                tokens_per_batch=tokens_per_batch,
                shuffle=True,
                seed=self.seed,
            )
        self.history = fit(
            self.logits_model,
            batches,
            loss=CrossEntropy(label_smoothing),
            validate=validate,
            metrics=METRICS,
            seed=self.seed,
            identity={
                "labels": list(self._known_labels()),
                "validation data": digest_of_examples(held_out),
            },
            **options,
        )
        return self.history

    def evaluate(
        self, data: Source, *, batch_size: int = 64, **columns: Any
    ) -> ClassificationScores:
        """Compare predictions with the labels of a file.

        Args:
            data: as in `fit`.
            batch_size: texts at a time.
            **columns: text, label, pair, header, encoding, on_bad_row as in `fit`.

        Returns:
            Accuracy, macro-F1, the classes' own, and the confusion matrix.
        """
        labels = self._known_labels()
        examples = examples_of(data, **columns)
        truth = labels.encode(examples, name_of(data))
        logits = self.logits(examples, batch_size=batch_size)
        return classification_scores(truth, logits.argmax(-1), len(labels))

    def predict(
        self,
        texts: Iterable[str],
        pairs: Iterable[str] | None = None,
        *,
        batch_size: int = 64,
    ) -> list[Prediction]:
        """The most probable label of each text, and the probabilities of all.

        Raises:
            DataError: if `texts` is one string, or `pairs` are fewer or more.
        """
        names = self._known_labels().names
        texts = listed(texts, "predict")
        if not texts:
            return []
        seconds = [None] * len(texts) if pairs is None else listed(pairs, "predict")
        if len(seconds) != len(texts):
            raise DataError(
                "texts and pairs must be of one length. "
                f"Received: {len(texts)} and {len(seconds)}."
            )
        examples = [
            Example(text=text, pair=pair)
            for text, pair in zip(texts, seconds, strict=True)
        ]
        answers = softmax(self.logits(examples, batch_size=batch_size))
        return [
            Prediction(
                names[int(row.argmax())],
                float(row.max()),
                dict(zip(names, map(float, row), strict=True)),
            )
            for row in answers
        ]

    def logits(self, examples: Sequence[Example], batch_size: int = 64) -> np.ndarray:
        """Float, (N, L), before the softmax."""
        found = self.engine.predict(
            self._rows(examples),
            batch_size=batch_size,
            pad_id=self.pretrained.config.fill_id,
        )
        return found.astype("float32", copy=False)

    def save(self, folder: str | Path, overwrite: bool = False) -> None:
        """Write a folder for `kewen.load_task`, and for transformers.

        Raises:
            FileError: if the folder exists and may not be replaced.
        """
        names = self._known_labels().names
        save_pretrained(
            self.pretrained,
            Path(folder),
            format="hf",
            overwrite=overwrite,
            extra={
                "task": TASK,
                "labels": list(names),
                "max_length": self.max_length,
            },
            config_json={
                "problem_type": ONE_LABEL,
                "id2label": {str(i): name for i, name in enumerate(names)},
                "label2id": {name: i for i, name in enumerate(names)},
            },
        )

    @classmethod
    def restored(
        cls,
        pretrained: Pretrained,
        labels: Sequence[str],
        max_length: int,
        engine: str = "keras",
        engine_dtype: str | None = None,
    ) -> "TextClassifier":
        """A classifier whose checkpoint brought its head along."""
        classifier = cls(
            pretrained,
            max_length=max_length,
            engine=engine,
            engine_dtype=engine_dtype,
        )
        classifier.labels = LabelSet(labels)
        return classifier

    @property
    def logits_model(self) -> keras.Model:
        """Inputs by name to logits, (B, L)."""
        model = self.pretrained.model
        if self._logits_model is None or self._logits_model[0] is not model:
            narrow = keras.Model(model.inputs_by_name, model.output["class_logits"])
            self._logits_model = (model, narrow)
        return self._logits_model[1]

    _logits_model: tuple[keras.Model, keras.Model] | None = None

    @property
    def engine(self) -> Engine:
        """What runs `logits_model`; see `Embedder`."""
        model = self.logits_model
        if self._engine is None or self._engine[0] is not model:
            name, dtype = self._engine_wanted
            made = engine_for(
                name,
                model,
                probe=lambda: probe_rows(self.tokenizer, self.max_length),
                pad_id=self.pretrained.config.fill_id,
                folder=self.pretrained.folder,
                dtype=dtype,
            )
            self._engine = (model, made)
        return self._engine[1]

    _engine: tuple[keras.Model, Engine] | None = None

    def _set_labels(self, labels: LabelSet) -> None:
        """Put a new classifier for these labels on the backbone."""
        old = self.pretrained.model
        changes: dict[str, Any] = {"num_labels": len(labels)}
        if hasattr(old.config, "classifier_pooling"):
            changes["classifier_pooling"] = self.pooling
        elif self.pooling != "pooler":
            raise ConfigError(
                f"A classifier on {old.config.family} sees what that family's own "
                f"sees. Received: pooling={self.pooling!r}. Leave it out."
            )
        config = dataclasses.replace(old.config, **changes)
        kept = [
            layer for layer in old.layers if not layer.name.startswith("classifier")
        ]
        with seeded(self.seed):
            model = old.redrawn(config=config, heads=[HEAD], layers=kept)
        self.pretrained = dataclasses.replace(
            self.pretrained,
            model=model,
            folder=None,  # it is no longer what lies there
        )
        self.labels = labels

    def _known_labels(self) -> LabelSet:
        if self.labels is None:
            raise ConfigError(
                "This classifier has no labels yet. Call fit first, or give labels=."
            )
        return self.labels

    def _batches(self, examples: Sequence[Example], **options: Any) -> Batches:
        pad_id = self.pretrained.config.fill_id
        return Batches(self._rows(examples), pad_ids={"token_ids": pad_id}, **options)

    def _rows(self, examples: Sequence[Example]) -> Any:
        texts = [example.text for example in examples]
        pairs = [example.pair for example in examples]
        has_pairs = any(pair is not None for pair in pairs)
        return self.tokenizer.encode_many(
            texts,
            [pair or "" for pair in pairs] if has_pairs else None,
            max_length=self.max_length,
        )

    def _measure(self, examples: Sequence[Example], truth: np.ndarray) -> Any:
        """A function that scores the model as it then is."""
        model = self.logits_model
        batches = self._batches(examples, batch_size=64)

        def measure() -> dict[str, float]:
            logits = predict_rows(model, batches)
            scores = classification_scores(truth, logits.argmax(-1), logits.shape[-1])
            loss = float(log_losses(logits, truth).mean())
            values = (loss, scores.accuracy, scores.macro_f1)
            return dict(zip(METRICS, values, strict=True))

        return measure


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities over the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)
