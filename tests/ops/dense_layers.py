"""Layers that multiply rows by a kernel: how each is made, and a row's shape."""

from kewen.layers.dense import Dense, EinsumDense

LAYERS = {
    "Dense": (lambda: Dense(24), (16,)),
    "heads": (
        lambda: EinsumDense("abc,cde->abde", (None, 4, 6), bias_axes="de"),
        (16,),
    ),
    "from heads": (
        lambda: EinsumDense("abcd,cde->abe", (None, 24), bias_axes="e"),
        (4, 4),
    ),
}
