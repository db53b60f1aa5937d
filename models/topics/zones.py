"""The two zones of a text, headline and lead, as vectors: what a table says of all that stands in each."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin

Floats = NDArray[np.floating[Any]]

LEVELS = 63  # of the table either side of zero; half as many cost nothing on dev, a quarter a point
CUT, BYTE = 0.9999, 127  # that quantile of the table is `LEVELS`; what lies beyond has a signed byte's room
LEAST = 1e-8  # no division by zero


class ZoneVectors(TransformerMixin, BaseEstimator):
    """Rows of `ZonedBags` → (texts, 2 * dimensions): the headline's entries' vectors added up, and the lead's.

    Parameters: `levels`, the table of vectors in eight bits, (columns, dimensions), and their `scale`. Learns nothing.
    """

    def __init__(self, levels: NDArray[np.int8], scale: float) -> None:
        self.levels = levels
        self.scale = scale

    @classmethod
    def rounded(cls, table: NDArray[np.float32]) -> Self:
        """Of a table of any numbers, in eight bits."""
        scale = max(float(np.quantile(np.abs(table), CUT)) / LEVELS, LEAST)
        return cls(np.rint(table / scale).clip(-BYTE, BYTE).astype(np.int8), scale)

    def fit(self, X: sparse.csr_matrix, y: object = None) -> Self:
        """Return self."""
        return self

    def transform(self, X: sparse.csr_matrix) -> Floats:
        """Return one row a text, in order, in double precision: so a network behind it is alike in any batch."""
        return np.asarray((zones_of(X) @ self._table()).reshape(X.shape[0], -1).astype(float))

    def __sklearn_is_fitted__(self) -> bool:
        """Say that there is nothing to fit."""
        return True

    def _table(self) -> NDArray[np.float32]:
        if not hasattr(self, "_floats"):
            self._floats = self.levels * np.float32(self.scale)
        return self._floats

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_floats"}


def zones_of(X: sparse.csr_matrix) -> sparse.csr_matrix:
    """Rows of `ZonedBags` cut in two: (2 * texts, columns), headline and lead of each text in turn."""
    columns = X.shape[1] // 2
    lead = X.indices >= columns
    rows = np.repeat(np.arange(X.shape[0]), np.diff(X.indptr))
    starts = np.concatenate([[0], np.cumsum(np.bincount(2 * rows + lead, minlength=2 * X.shape[0]))])
    return sparse.csr_matrix((X.data, X.indices - columns * lead, starts), (2 * X.shape[0], columns))
