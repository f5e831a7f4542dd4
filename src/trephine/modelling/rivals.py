"""What a referee would have fitted instead: plain ridge and elastic net, beside averaged ridge."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from trephine.choices import RivalName
from trephine.errors import ModelError
from trephine.modelling.feature_chain import FittedChain
from trephine.modelling.learner import elastic_net_weights
from trephine.types import FloatArray, Survival

# Half lasso, half ridge: keeps groups of correlated features that the lasso would part (Zou and
# Hastie 2005, J R Stat Soc B 67:301).
MIXTURE = 0.5


def rival_scores(
    chain: FittedChain,
    train: FloatArray,
    survival: Survival,
    test: FloatArray,
    *,
    slow: bool,
) -> Mapping[RivalName, FloatArray]:
    """Return the scores of test cases by the rivals of an averaged ridge signature.

    They have its features, standardised and clipped as it has them, and its inner folds. Plain
    ridge is a member of the average already; elastic net is fitted here.

    Parameters
    ----------
    chain
        Fitted to the training cases.
    train, test
        The signature's z-scores of training and test cases, shapes (n, m) and (k, m).
    survival
        Of the n training cases.
    slow
        Whether elastic net, which takes as long as the average and longer, is fitted.

    Returns
    -------
    By rival, shape (k,). Nothing of a signature that is no average or is empty, and no elastic net
    where its path has no solution.
    """
    learned = chain.learned
    if learned is None or chain.signature.empty:
        return {}
    plain = next((one for one in learned.members if one.adaptivity == 0), None)
    if plain is None:
        return {}
    held = learned.weights != 0
    scores: dict[RivalName, FloatArray] = {
        "Ridge": test @ plain.cross_validation.coefficients_min[held]
    }
    if slow and learned.folds.size == len(survival):  # none were left out as they have no values
        try:
            weights = elastic_net_weights(train, survival, learned.folds, MIXTURE)
        except ModelError:
            return scores
        scores["Elastic net"] = np.asarray(test @ weights)
    return scores
