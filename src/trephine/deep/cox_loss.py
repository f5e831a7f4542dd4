"""The Cox partial likelihood as a loss that torch can differentiate."""

from __future__ import annotations

import torch
from torch import Tensor


def cox_loss(risk_score: Tensor, time: Tensor, event: Tensor) -> Tensor:
    """Return the negative log partial likelihood per event, in float64.

    Cox (1975), with Breslow's treatment of ties: every event at t has the risk set {time >= t},
    all the other events at t included, as ``survival::coxph(ties = "breslow")`` and glmnet.

    Parameters
    ----------
    risk_score
        Log relative hazard, shape (n,); higher is worse.
    time, event
        Follow-up and whether the event was seen, shape (n,); at least one event.
    """
    latest_first = torch.argsort(time, descending=True, stable=True)
    score = risk_score.double()[latest_first]
    log_risk_set = torch.logcumsumexp(score, dim=0)
    # Cases of one time share the sum that includes the last of them.
    sorted_time = time[latest_first]
    last_of_tie = torch.searchsorted(-sorted_time, -sorted_time, right=True) - 1
    seen = event[latest_first]
    return (log_risk_set[last_of_tie] - score)[seen].mean()
