"""Attention written out with loops, for comparison."""

import numpy as np


def numpy_attention(
    weights, inputs, context=None, mask=None, bias=None, turn=lambda x, position: x
):
    """Output (B, T, C) and probabilities (B, H, T, S) of one attention layer.

    `weights` are kernel and bias of query, key, value and output, in our layout;
    `turn(vector, position)` rotates one head's vector.
    """
    wq, bq, wk, bk, wv, bv, wo, bo = (np.asarray(w, "float64") for w in weights)
    context = inputs if context is None else context
    (batch, queries, _), keys = inputs.shape, context.shape[1]
    heads, size = wq.shape[1:]
    output = np.tile(bo, (batch, queries, 1))
    scores = np.zeros((batch, heads, queries, keys))
    for b, h in np.ndindex(batch, heads):
        q = inputs[b] @ wq[:, h] + bq[h]
        k = context[b] @ wk[:, h] + bk[h]
        v = context[b] @ wv[:, h] + bv[h]
        for t in range(queries):
            seen = [s for s in range(keys) if mask is None or allowed(mask, b, t, s)]
            if not seen:
                continue
            powers = np.exp(
                [
                    turn(q[t], t) @ turn(k[s], s) / np.sqrt(size)
                    + (0 if bias is None else bias[b % len(bias), h, t, s])
                    for s in seen
                ]
            )
            scores[b, h, t, seen] = powers / powers.sum()
            output[b, t] += scores[b, h, t] @ v @ wo[h]
    return output, scores


def allowed(mask, b, t, s):
    return mask[b % mask.shape[0], t % mask.shape[1], s]
