"""What pairs that were never seen say: that their words hardly stand together.

Targets exist only for pairs that were seen. Of V^2 pairs these are a few in a hundred,
and nothing keeps the others' inner products down. Here all pairs of different words are
asked for 0, the mutual information of independent words, each with the weight that it
would have if it were seen as often as chance has it. So two frequent words that never
meet are held apart, and two rare ones hardly are, for little follows from that.

The weight is a product u_i u_j, so there is no sum over pairs: that of
u_j <v_i, v_j> v_j over all j is v_i times one matrix, C by C. Sources: Hu, Koren and
Volinsky, 2008, for the matrix; Shazeer et al., 2016 (Swivel), for what is unseen.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kewen.mining.cooccurrences import Cooccurrence
from kewen.mining.entries import off_diagonal, weight_of
from kewen.mining.gradients import Table


@dataclass(frozen=True)
class Independence:
    """The demand that all pairs of different words have the inner product 0."""

    weights: NDArray[np.floating]  # (V,): words i and j weigh u_i u_j

    @classmethod
    def by_chance(
        cls, counts: Cooccurrence, alpha: float, x_max: float, unseen: float, dtype: str
    ) -> "Independence":
        """A pair weighs `unseen` times what its count by chance would.

        By chance it is seen X n_i n_j / N^2 times. That count's weight is a product of
        two words' numbers; each of them is truncated at 1, and so is it.
        """
        amount = np.sqrt(2 * off_diagonal(counts)[2].sum())
        expected = amount * counts.lexicon.counts / counts.lexicon.total
        weights = weight_of(expected, alpha, np.sqrt(x_max), truncate=True)
        return cls((np.sqrt(unseen) * weights).astype(dtype))

    def gradient(self, table: Table, other: Table, share: float = 1.0) -> Table:
        """(V, C): what each row of `table` gets, times `share`.

        Row i gets u_i sum_(j != i) u_j <a_i, b_j> b_j.
        """
        weights = self.weights[:, None]
        own = weights * np.einsum("vc,vc->v", table, other)[:, None]
        found = table @ self.inner(other)
        found -= own * other
        found *= share * weights
        return found

    def inner(self, other: Table) -> Table:
        """(C, C): sum_j u_j b_j b_j'."""
        return (self.weights[:, None] * other).T @ other
