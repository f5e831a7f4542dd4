"""Small cohorts with known properties, for the tests of this room."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from trephine.types import FloatArray, Survival


def cohort(n: int = 120, *, censored: bool = True, seed: int = 0) -> tuple[Survival, FloatArray]:
    """Return follow-up in whole months, and a risk score that is related to it."""
    rng = np.random.default_rng(seed)
    score = rng.normal(size=n)
    time = np.ceil(rng.weibull(1.3, n) * 60.0 * np.exp(-0.6 * score))
    if not censored:
        return Survival(time, np.ones(n, dtype=bool)), score
    censoring = np.ceil(rng.uniform(12.0, 95.0, n))
    return Survival(np.minimum(time, censoring), time <= censoring), score


def probability(score: FloatArray) -> FloatArray:
    """Return a probability that rises with the score."""
    return 1.0 / (1.0 + np.exp(-score))


@st.composite
def small_cohorts(draw: st.DrawFn) -> tuple[Survival, FloatArray]:
    """Draw cohorts with ties in time and score."""
    n = draw(st.integers(6, 25))
    time = draw(hnp.arrays(np.int64, n, elements=st.integers(1, 12)))
    event = draw(hnp.arrays(np.bool_, n))
    score = draw(hnp.arrays(np.int64, n, elements=st.integers(-4, 4)))
    return Survival(time.astype(float), event), score.astype(float)
