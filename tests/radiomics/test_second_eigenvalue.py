"""The second largest eigenvalue, against LAPACK and where it is not the only one of its size."""

from __future__ import annotations

import numpy as np
import pytest

from trephine.radiomics.second_eigenvalue import second_eigenvalue


def matrices():
    rng = np.random.default_rng(3)
    for n in (2, 3, 5, 12, 48):
        root = rng.normal(size=(n, n))
        yield f"full {n}", root @ root.T
        yield f"of one vector {n}", np.outer(root[0], root[0])
        yield f"diagonal {n}", np.diag(rng.integers(0, 3, n).astype(float))
        yield f"unit {n}", np.eye(n)
        yield f"nothing {n}", np.zeros((n, n))
        yield f"small {n}", 1e-12 * root @ root.T


@pytest.mark.parametrize(("which", "matrix"), list(matrices()))
def test_value_is_lapacks_and_the_vector_belongs_to_it(which, matrix):
    vector = np.empty(len(matrix))
    value = second_eigenvalue(matrix.copy(), vector)
    every = np.linalg.eigvalsh(matrix)
    size = max(every[-1], 1e-300)
    assert abs(value - every[-2]) <= 1e-13 * size
    assert np.abs(matrix @ vector - value * vector).max() <= 1e-13 * size
    assert vector @ vector == pytest.approx(1.0, abs=1e-13)
