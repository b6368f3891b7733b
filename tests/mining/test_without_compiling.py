"""Loops are compiled where numba is, also where what is compiled cannot be kept."""

import numpy as np
import pytest

from kewen.mining.compiled import compiled

SOURCE = """
def doubled(numbers):
    for place in range(len(numbers)):
        numbers[place] *= 2
    return len(numbers)
"""


def test_what_cannot_be_kept_is_compiled_all_the_same():
    numba = pytest.importorskip("numba")
    space = {}
    exec(SOURCE, space)  # of no file, so numba has no place for it, as on a locked disk
    with pytest.raises(RuntimeError, match="cannot cache"):
        numba.njit(cache=True)(space["doubled"])
    function = compiled(space["doubled"])
    numbers = np.arange(4)
    assert function(numbers) == 4 and numbers.tolist() == [0, 2, 4, 6]
    assert function.signatures
