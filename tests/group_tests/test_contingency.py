from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.special import gammaln

from trephine.errors import InputError
from trephine.group_tests.contingency import chi_square_test, fisher_exact_test
from trephine.group_tests.fisher_network import fisher_p_value
from trephine.types import IntArray


def fisher_by_enumeration(table: IntArray) -> float:
    """Every table with the same margins, cell by cell."""
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    observed = -gammaln(table + 1.0).sum()
    extreme = total = 0.0
    free = [range(min(r, c) + 1) for r in rows[:-1] for c in columns[:-1]]
    for cells in product(*free):
        inner = np.array(cells).reshape(rows.size - 1, columns.size - 1)
        last_column = rows[:-1] - inner.sum(axis=1)
        last_row = columns - np.append(inner.sum(axis=0), last_column.sum())
        if last_column.min() < 0 or last_row.min() < 0:
            continue
        full = np.vstack([np.column_stack([inner, last_column]), last_row])
        weight = -gammaln(full + 1.0).sum()
        total += np.exp(weight)
        extreme += np.exp(weight) if weight <= observed + 1e-7 else 0.0
    return extreme / total


@settings(max_examples=40)
@given(
    hnp.arrays(
        np.int64,
        st.sampled_from([(2, 2), (3, 2), (2, 3), (4, 2), (3, 3)]),
        elements=st.integers(0, 5),
    )
)
def test_the_exact_p_is_that_of_full_enumeration(table: IntArray) -> None:
    found = fisher_exact_test(table)
    filled = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if min(filled.shape, default=0) < 2:
        assert "single level" in found.note
        return
    assert found.p_value == pytest.approx(fisher_by_enumeration(filled), rel=1e-6)
    assert fisher_p_value(filled) == pytest.approx(found.p_value, rel=1e-6)


def test_transposing_or_reordering_the_table_does_not_matter() -> None:
    table = np.array([[8, 2, 5], [1, 7, 3], [4, 4, 0], [2, 6, 6]])
    p = fisher_p_value(table)
    assert fisher_p_value(table.T) == pytest.approx(p, rel=1e-9)
    assert fisher_p_value(table[::-1, ::-1]) == pytest.approx(p, rel=1e-9)


def test_twelve_levels_are_exact_and_agree_with_simulation() -> None:
    rng = np.random.default_rng(4)
    table = rng.multinomial(212, np.full(24, 1 / 24)).reshape(12, 2)
    exact = fisher_exact_test(table).p_value
    simulated = fisher_exact_test(table, simulations=20_000, rng=rng).p_value
    assert simulated == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 20_000))


def test_a_table_too_large_asks_for_simulation() -> None:
    table = np.full((6, 6), 40)
    with pytest.raises(InputError, match="simulations and rng"):
        fisher_exact_test(table)
    with pytest.raises(InputError, match="rng"):
        fisher_exact_test(table, simulations=100)
    assert fisher_exact_test(table, simulations=99, rng=np.random.default_rng(0)).p_value == 1.0


def test_chi_square_by_hand() -> None:
    table = [[10, 20], [20, 10]]
    assert chi_square_test(table, yates=False).statistic == pytest.approx(4 * 25 / 15)
    assert chi_square_test(table).statistic == pytest.approx(4 * 4.5**2 / 15)


def test_the_continuity_correction_never_overshoots() -> None:
    assert chi_square_test([[5, 5], [5, 5]]).statistic == 0.0


def test_a_single_level_gives_no_answer_and_fractions_are_refused() -> None:
    assert "single level" in chi_square_test([[5, 3], [0, 0]]).note
    with pytest.raises(InputError, match="whole counts"):
        chi_square_test([[0.5, 1.0], [1.0, 2.0]])
    with pytest.raises(InputError, match="two dimensions"):
        chi_square_test([1, 2, 3])
