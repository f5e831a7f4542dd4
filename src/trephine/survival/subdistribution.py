"""Who is at risk of a subdistribution: who had another event stays, with an inverse weight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.survival.aalen_johansen import CENSORED
from trephine.survival.ipcw import censoring_distribution
from trephine.types import BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class SubdistributionRisk:
    """Who is at risk at the event times of the cause, and by how much.

    Attributes
    ----------
    time, event
        Shape (n,); event of the cause.
    competing
        Shape (n,): 1 / G(T-) of those with another event, else 0.
    at, count, free
        Shape (m,): event times of the cause, events there, and G just before.
    """

    time: FloatArray
    event: BoolArray
    competing: FloatArray
    at: FloatArray
    count: FloatArray
    free: FloatArray

    @classmethod
    def of(cls, time: FloatArray, codes: IntArray, cause: int) -> SubdistributionRisk:
        """Return the weights of some cases."""
        event = codes == cause
        at, count = np.unique(time[event], return_counts=True)
        censoring = censoring_distribution(time, codes != CENSORED, estimator="tied")
        # Just before a time, whoever is cut short at it is still followed.
        own = censoring.before(time)
        others = ~event & (codes != CENSORED)
        return cls(
            time,
            event,
            np.where(others, 1 / np.where(own > 0, own, 1.0), 0.0),
            at,
            count.astype(np.float64),
            censoring.before(at),
        )

    def add_up(self, values: FloatArray) -> FloatArray:
        """Return the weighted sum over those at risk at each event time, shape (m, ...)."""
        order = np.argsort(self.time, kind="stable")
        first = np.searchsorted(self.time[order], self.at, side="left")
        flat = values.reshape(self.time.size, -1)[order]
        zero = np.zeros((1, flat.shape[1]))
        later = np.vstack([np.cumsum(flat[::-1], axis=0)[::-1], zero])[first]
        gone = np.vstack([zero, np.cumsum(flat * self.competing[order, None], axis=0)])[first]
        total: FloatArray = later + self.free[:, None] * gone
        return total.reshape(self.at.size, *values.shape[1:])

    def sums(self, z: FloatArray, beta: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the weighted sums of exp(lp), of z and of z z' times it, at each event time."""
        risk = np.exp(z @ beta)
        first = self.add_up(risk[:, None] * z)
        second = self.add_up(risk[:, None, None] * z[:, :, None] * z[:, None, :])
        return self.add_up(risk[:, None])[:, 0], first, second
