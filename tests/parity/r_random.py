"""R's default random numbers, where a reference value was drawn and its seed is known."""

from __future__ import annotations

import math

import numpy as np

from trephine.types import FloatArray

# Partial sums of the series of exp(log 2) - 1, of the sampler below.
_PARTIAL = np.cumsum([math.log(2.0) ** k / math.factorial(k) for k in range(1, 17)])


def r_uniform(seed: int) -> np.random.RandomState:
    """Return a Mersenne twister in the state of R's ``set.seed(seed)``."""
    state = np.empty(625, np.uint32)
    value = seed
    for _ in range(50):
        value = (69069 * value + 1) % 2**32
    for k in range(625):
        value = (69069 * value + 1) % 2**32
        state[k] = value
    twister = np.random.RandomState()
    twister.set_state(("MT19937", state[1:], 624))
    return twister


def r_exponential(count: int, seed: int) -> FloatArray:
    """Return what R's ``set.seed(seed); rexp(count)`` does, shape (count,).

    Algorithm SA of Ahrens and Dieter (1972, Commun ACM 15:873).
    """
    twister = r_uniform(seed)

    def uniform() -> float:
        return int(twister.randint(0, 2**32, dtype=np.uint32)) * 2.3283064365386963e-10

    found = np.empty(count)
    for k in range(count):
        halvings = 0.0
        u = 2.0 * uniform()
        while u <= 1.0:
            halvings += _PARTIAL[0]
            u *= 2.0
        u -= 1.0
        if u <= _PARTIAL[0]:
            found[k] = halvings + u
            continue
        least = min(uniform(), uniform())
        needed = int(np.searchsorted(_PARTIAL, u))
        for _ in range(needed - 1):
            least = min(least, uniform())
        found[k] = halvings + least * _PARTIAL[0]
    return found
