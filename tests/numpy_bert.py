"""BERT in plain NumPy, straight from the tensors of a Hugging Face file.

Written for comparison: it shares no code and no weight layout with kewen.
"""

from math import erf

import numpy as np

_erf = np.vectorize(erf)


def numpy_bert(tensors, config, token_ids, segment_ids, is_token):
    """Every hidden state, (B, T, C) each: the embeddings', then each layer's."""
    norm_epsilon = config["layer_norm_eps"]

    def norm(x, name):
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + norm_epsilon)
        return scaled * tensors[f"{name}.weight"] + tensors[f"{name}.bias"]

    def dense(x, name):
        return x @ tensors[f"{name}.weight"].T + tensors[f"{name}.bias"]

    def split(x):
        batch, length, width = x.shape
        heads = config["num_attention_heads"]
        return x.reshape(batch, length, heads, width // heads).transpose(0, 2, 1, 3)

    tensors = {
        name.removeprefix("bert."): np.asarray(tensor, "float64")
        for name, tensor in tensors.items()
    }
    length = token_ids.shape[1]
    hidden = norm(
        tensors["embeddings.word_embeddings.weight"][token_ids]
        + tensors["embeddings.token_type_embeddings.weight"][segment_ids]
        + tensors["embeddings.position_embeddings.weight"][:length],
        "embeddings.LayerNorm",
    )
    states = [hidden]
    for i in range(config["num_hidden_layers"]):
        at = f"encoder.layer.{i}"
        query, key, value = (
            split(dense(hidden, f"{at}.attention.self.{part}"))
            for part in ("query", "key", "value")
        )
        logits = query @ key.swapaxes(-1, -2) / np.sqrt(query.shape[-1])
        powers = np.exp(logits - logits.max(-1, keepdims=True))
        powers = powers * is_token[:, None, None, :]
        mixed = powers / powers.sum(-1, keepdims=True) @ value
        mixed = mixed.transpose(0, 2, 1, 3).reshape(hidden.shape)
        seen = dense(mixed, f"{at}.attention.output.dense")
        hidden = norm(hidden + seen, f"{at}.attention.output.LayerNorm")
        inner = dense(hidden, f"{at}.intermediate.dense")
        inner = inner * (1 + _erf(inner / np.sqrt(2))) / 2
        hidden = norm(
            hidden + dense(inner, f"{at}.output.dense"), f"{at}.output.LayerNorm"
        )
        states.append(hidden)
    return states
