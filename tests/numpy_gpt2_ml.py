"""GPT2_ML in plain NumPy, straight from the tensors of a TensorFlow file.

Written for comparison: it shares no code and no weight layout with kewen. `order` may
be that of another model over the same tensors, which shows that the order matters.
"""

from math import erf

import numpy as np

_erf = np.vectorize(erf)


def numpy_gpt2_ml(tensors, config, token_ids, order="gpt2_ml"):
    """Every hidden state, (B, T, C) each, and the logits, (B, T, V); no padding."""
    tensors = {name: np.asarray(a, "float64") for name, a in tensors.items()}

    def norm(x, name):
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
        return scaled * tensors[f"{name}/gamma"] + tensors[f"{name}/beta"]

    def dense(x, name):
        return x @ tensors[f"{name}/kernel"] + tensors[f"{name}/bias"]

    def split(x):
        batch, length, width = x.shape
        heads = config["num_attention_heads"]
        return x.reshape(batch, length, heads, width // heads).transpose(0, 2, 1, 3)

    def attention(x, at):
        query, key, value = (
            split(dense(x, f"{at}/{part}_layer")) for part in ("query", "key", "value")
        )
        logits = query @ key.swapaxes(-1, -2) / np.sqrt(query.shape[-1])
        length = x.shape[1]
        logits = np.where(np.tri(length, dtype=bool), logits, -np.inf)
        powers = np.exp(logits - logits.max(-1, keepdims=True))
        mixed = powers / powers.sum(-1, keepdims=True) @ value
        mixed = mixed.transpose(0, 2, 1, 3).reshape(x.shape)
        return dense(mixed, f"{at}/context_projection_layer")

    def feedforward(x, at):
        inner = dense(x, f"{at}/intermediate")
        return dense(inner * (1 + _erf(inner / np.sqrt(2))) / 2, f"{at}/output")

    embeddings = "newslm/embeddings/"
    table = tensors[f"{embeddings}word_embed"]
    hidden = table[token_ids] + tensors[f"{embeddings}pos_embed"][: token_ids.shape[1]]
    hidden = norm(hidden, f"{embeddings}LayerNorm_embed_norm")
    states = [hidden]
    for i in range(config["num_hidden_layers"]):
        at = f"newslm/layer{i:02}"
        first, second = f"{at}/LayerNorm_mlp_ln0", f"{at}/LayerNorm_mlp_ln1"
        if order == "gpt2":  # norm, attention, add; norm, feed-forward, add
            hidden = hidden + attention(norm(hidden, first), at)
            hidden = hidden + feedforward(norm(hidden, second), at)
        elif order == "bert":  # attention, add, norm; feed-forward, add, norm
            hidden = norm(hidden + attention(hidden, at), first)
            hidden = norm(hidden + feedforward(hidden, at), second)
        else:
            hidden = hidden + attention(hidden, at)
            hidden = norm(hidden + feedforward(norm(hidden, first), at), second)
        states.append(hidden)
    return states, hidden @ table.T
