"""The warning that comes where transformers will not open what is saved."""

import contextlib

import pytest

from kewen.checkpoints import WeightsWarning

LACKED = ("gau_alpha", "gpt2_ml", "nezha", "roformer_v2")  # no family of transformers 5


def warned(received):
    """That a network is none of transformers', for what it is; nothing for ""."""
    if not received:
        return contextlib.nullcontext()
    return pytest.warns(
        WeightsWarning, match=f"transformers will not open it.*Received: {received}[.]"
    )


def warned_of_family(name, format="hf"):
    """The same of a family, in the one format that is transformers'."""
    lacked = format == "hf" and name in LACKED
    return warned(f"the family {name}" if lacked else "")
